"""Validates every JSON document of an image archive against the image-spec's schemas.

Usage: schemas.py SCHEMA_FOLDER ARCHIVE.tar
"""

import hashlib
import json
import pathlib
import sys
import tarfile

import jsonschema
import referencing
from referencing.jsonschema import DRAFT4

SCHEMA_OF_MEDIA_TYPE = {
    "application/vnd.oci.image.index.v1+json": "image-index-schema.json",
    "application/vnd.oci.image.manifest.v1+json": "image-manifest-schema.json",
    "application/vnd.oci.image.config.v1+json": "config-schema.json",
}


def main(schema_folder, archive):
    schemas = {path.name: json.loads(path.read_text()) for path in pathlib.Path(schema_folder).glob("*.json")}
    for schema in schemas.values():
        remove_ids(schema)
    registry = referencing.Registry().with_resources(
        (name, DRAFT4.create_resource(schema)) for name, schema in schemas.items()
    )
    with tarfile.open(archive) as tar:
        files = {member.name: tar.extractfile(member).read() for member in tar if member.isfile() or member.islnk()}
    validated = 0

    def validate(schema_name, data):
        nonlocal validated
        document = json.loads(data)
        validator = jsonschema.Draft4Validator({"$ref": schema_name}, registry=registry)
        validator.validate(document)
        validated += 1
        return document

    def walk(descriptor):
        algorithm, digest = descriptor["digest"].split(":")
        data = files[f"blobs/{algorithm}/{digest}"]
        assert hashlib.sha256(data).hexdigest() == digest and len(data) == descriptor["size"]
        schema_name = SCHEMA_OF_MEDIA_TYPE.get(descriptor["mediaType"])
        if schema_name is None:
            return
        document = validate(schema_name, data)
        children = document.get("manifests", [])
        if "layers" in document:
            children = [document["config"], *document["layers"]]
        for child in children:
            walk(child)

    validate("image-layout-schema.json", files["oci-layout"])
    for descriptor in validate("image-index-schema.json", files["index.json"])["manifests"]:
        walk(descriptor)
    # A judge that lets everything pass is none.
    try:
        validate("image-manifest-schema.json", b'{"schemaVersion":2,"layers":[]}')
    except jsonschema.ValidationError:
        print(f"{validated} documents are valid")
    else:
        sys.exit("the schema took a manifest without config and layers")


def remove_ids(node):
    """The schemas refer to each other by file name, but name themselves by addresses, some of them wrong."""
    if isinstance(node, dict):
        if isinstance(node.get("id"), str):
            del node["id"]
        node = node.values()
    if not isinstance(node, str) and hasattr(node, "__iter__"):
        for child in node:
            remove_ids(child)


if __name__ == "__main__":
    main(*sys.argv[1:])
