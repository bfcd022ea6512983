"""Whether a host name means this machine and no other."""

import ipaddress


def is_loopback(host: str) -> bool:
    """True for localhost and for loopback addresses; other names are not looked up."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
