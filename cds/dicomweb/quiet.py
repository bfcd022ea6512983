"""Keeps DICOM libraries from writing a line for every odd value of every image."""

import logging
import warnings


def silence_libraries() -> None:
    """Ignore the warnings of pydicom and dicomweb-client; what matters becomes a reason or a finding.

    Their log lines, and those of urllib3, quote values and URLs, which may hold patient data, so
    they stop here too. Called again, it changes nothing.
    """
    for library in ("pydicom", "dicomweb_client"):
        warnings.filterwarnings("ignore", module=library)
    for logger in ("pydicom", "openjpeg", "dicomweb_client", "urllib3"):
        logging.getLogger(logger).setLevel(logging.CRITICAL)
