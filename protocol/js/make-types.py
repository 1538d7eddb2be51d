#!/usr/bin/env python3
"""Writes types/api.d.ts, the API's requests and responses as TypeScript, from protocol/openapi.json.

usage: make-types.py            write it
       make-types.py --check    exit status 1 where it is not what the document says
"""

import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TYPES = HERE / "types/api.d.ts"


def type_of(schema):
    """The TypeScript type of a JSON schema of the document."""
    if schema is True or not schema:
        return "unknown"
    if "$ref" in schema:
        return schema["$ref"].rsplit("/", 1)[1]
    if "const" in schema:
        return json.dumps(schema["const"])
    for union in ("oneOf", "anyOf"):
        # Beside properties they are rules between members, which TypeScript cannot say.
        if union in schema and "properties" not in schema:
            return " | ".join(dict.fromkeys(type_of(part) for part in schema[union]))
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    kinds = schema.get("type", [])
    kinds = kinds if isinstance(kinds, list) else [kinds]
    return " | ".join(type_of_kind(kind, schema) for kind in kinds) or "unknown"


def type_of_kind(kind, schema):
    if kind == "array":
        return f"Array<{type_of(schema.get('items', True))}>"
    if kind == "object":
        if "properties" in schema:
            return "{\n" + members(schema) + "}"
        return f"Record<string, {type_of(schema.get('additionalProperties', True))}>"
    return {"integer": "number"}.get(kind, kind)


def members(schema):
    lines = []
    for name, member in schema.get("properties", {}).items():
        optional = "" if name in schema.get("required", []) else "?"
        lines.append(comment(member, "  ") + f"  {name}{optional}: {type_of(member)};\n")
    return "".join(lines)


def comment(schema, indent=""):
    text = schema.get("description", "") if isinstance(schema, dict) else ""
    return f"{indent}/** {text.replace('*/', '* /')} */\n" if text else ""


def declaration(name, schema):
    if schema.get("type") == "object" and "properties" in schema:
        return f"{comment(schema)}export interface {name} {{\n{members(schema)}}}\n"
    if schema.get("type") == "object" and schema.get("additionalProperties") is False:
        return f"{comment(schema)}export type {name} = Record<string, never>;\n"
    return f"{comment(schema)}export type {name} = {type_of(schema)};\n"


def text(document):
    parts = ["// Made from protocol/openapi.json by make-types.py: not to be changed by hand.\n"]
    schemas = document["components"]["schemas"]
    parts += [declaration(name, schema) for name, schema in sorted(schemas.items())]
    rows = []
    for path, item in document["paths"].items():
        post = item["post"]
        request = type_of(post["requestBody"]["content"]["application/json"]["schema"])
        response = type_of(post["responses"]["200"]["content"]["application/json"]["schema"])
        name = path.removeprefix("/v1/")
        rows.append(f"  /** {post['summary']}. */\n  \"{name}\": {{ request: {request}; response: {response} }};\n")
    parts.append("/** Every operation by its name. */\nexport interface Operations {\n" + "".join(rows) + "}\n")
    return "\n".join(parts)


def main():
    made = text(json.loads((HERE.parent / "openapi.json").read_text(encoding="utf-8")))
    if sys.argv[1:] == ["--check"]:
        if TYPES.read_text(encoding="utf-8") != made:
            print("protocol/js/types/api.d.ts differs from protocol/openapi.json: python3 protocol/js/make-types.py", file=sys.stderr)
            return 1
        return 0
    TYPES.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
