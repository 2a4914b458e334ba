"""Prints the commands of python-openstackclient for images as JSON: the kind of output, and all flags of each."""

import json
from importlib.metadata import entry_points
from unittest import mock

result = {}
for entry in entry_points(group="openstack.image.v2"):
    name = entry.name.replace("_", " ")
    command = entry.load()
    parser = command(mock.MagicMock(), None, cmd_name=name).get_parser(name)
    flags = [action.option_strings[-1] for action in parser._actions if action.option_strings]
    result[name] = {"output": command.__mro__[1].__name__, "flags": flags}
print(json.dumps(result))
