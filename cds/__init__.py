"""osteocds: bone density from the CT that a patient already had."""

__version__ = "0.1.0"
