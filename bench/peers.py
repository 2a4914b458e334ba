"""One piece of work by another client: peers.py CLIENT WORK ROOT ARGUMENT..., answers what Sample in item.ts has."""

import json
import resource
import sys
import time

client, work, root, *arguments = sys.argv[1:]
token = "token"


def glanceclient_work():
    from glanceclient import Client

    images = Client("2", endpoint=root, token=token).images
    if work == "list":
        return lambda: sum(1 for _ in images.list(page_size=int(arguments[0])))
    count, image = int(arguments[0]), arguments[1]
    return lambda: [images.update(image, build=str(index)) for index in range(count)]


def openstacksdk_work():
    import openstack

    connection = openstack.connection.Connection(
        auth_type="admin_token",
        auth={"endpoint": root, "token": token},
        image_endpoint_override=root + "/v2",
        image_api_version="2",
    )
    if work == "list":
        return lambda: sum(1 for _ in connection.image.images(limit=int(arguments[0])))
    count, image = int(arguments[0]), arguments[1]
    return lambda: [connection.image.update_image(image, build=str(index)) for index in range(count)]


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


run = {"glanceclient": glanceclient_work, "openstacksdk": openstacksdk_work}[client]()
began, began_cpu = time.perf_counter(), cpu()
run()
print(
    json.dumps(
        {
            "seconds": time.perf_counter() - began,
            "cpu": cpu() - began_cpu,
            "resident": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
        }
    )
)
