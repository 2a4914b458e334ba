"""Runs `openstack` command lines, one for each line of JSON on standard input. Python's imports take a second or two, so
they happen once, and each command runs in a fork of this process."""

import base64
import json
import os
import sys
import tempfile

from openstackclient import shell
from openstackclient.image.v2 import cache, image, info, task  # noqa: F401
from openstackclient.image.v2 import metadef_namespaces, metadef_objects, metadef_properties  # noqa: F401
from openstackclient.image.v2 import metadef_resource_type_association, metadef_resource_types  # noqa: F401
from openstackclient.identity import client as identity_client  # noqa: F401
from openstackclient.image import client as image_client  # noqa: F401
from openstack import connection  # noqa: F401


def run(request):
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        source.write(base64.b64decode(request["stdin"]))
        source.seek(0)
        pid = os.fork()
        if pid == 0:
            code = 70
            try:
                for number, file in enumerate([source, out, err]):
                    os.dup2(file.fileno(), number)
                os.environ.clear()
                os.environ.update(request["env"])
                os.chdir(request["directory"])
                sys.argv = ["openstack", *request["words"]]
                try:
                    code = shell.main(request["words"])
                except SystemExit as error:
                    code = error.code
                sys.stdout.flush()
                sys.stderr.flush()
            finally:
                os._exit(code if isinstance(code, int) else 1)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        result = {"code": code}
        for name, file in (("stdout", out), ("stderr", err)):
            file.seek(0)
            result[name] = base64.b64encode(file.read()).decode()
        return result


for line in sys.stdin:
    print(json.dumps(run(json.loads(line))), flush=True)
