"""Resolves machines as openstacksdk does: JSON on stdin and stdout, one answer for each, null where it refuses."""
import importlib
import json
import os
import sys
import warnings

warnings.simplefilter("ignore")
from openstack.config import loader


def resolved(region):
    config = region.config
    verify, cert = region.get_requests_verify_args()
    auth = {key: value for key, value in config["auth"].items() if value not in (None, "")}
    auth.pop("auth_methods", None)
    endpoint = region.get_endpoint("image")
    if config["auth_type"] == "admin_token":
        endpoint = endpoint or auth["endpoint"]
    if config["auth_type"] in ("none", "admin_token"):
        auth.pop("endpoint", None)
    timeout = config.get("api_timeout")
    found = {
        "cloud": region.name,
        "auth_type": config["auth_type"],
        "auth": auth,
        "region": region.get_region_name("image") or None,
        "interface": region.get_interface("image"),
        "endpoint": endpoint,
        "timeout": None if timeout is None else float(timeout),
        "verify": verify,
        "cert": cert,
    }
    return {key: value for key, value in found.items() if value is not None}


def resolve(machine):
    for name in list(os.environ):
        if name.startswith(("OS_", "XDG_", "SNAP_")):
            del os.environ[name]
    os.environ.update(machine["variables"])
    os.chdir(os.path.join(machine["root"], "cwd"))
    # Where it looks is settled when it is loaded.
    importlib.reload(loader)
    try:
        return {
            "is": resolved(loader.OpenStackConfig().get_one(machine.get("cloud"), region_name=machine.get("region")))
        }
    except Exception as error:
        return {"refused": "%s: %s" % (type(error).__name__, error)}


json.dump([resolve(machine) for machine in json.load(sys.stdin)], sys.stdout)
