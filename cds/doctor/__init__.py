"""What `osteocds doctor` looks at: small checks that change nothing, each one sentence and what to do.

No finding quotes a secret or tells of a patient.
"""
