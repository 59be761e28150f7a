"""What botocore's models of AWS's services say of documents.

full OPERATION        a request with every member of the operation's input
check                 one JSON {service, operation, in, out, fault} a line on
                      standard input; what is wrong, a line each that begins with
                      the number of the call, on standard output, and at the
                      end how many were looked at

botocore's own validation knows required members, types, lengths and ranges, of
requests. It takes what a model does not know, so this looks at every member, at
enumerations, and at answers too.
"""
import json
import sys

import botocore.session
from botocore.validate import ParamValidator

session = botocore.session.get_session()
SERVICES = {
    "AmazonEC2ContainerServiceV20141113": "ecs",
    "AmazonEC2ContainerRegistry_V20150921": "ecr",
    "Logs_20140328": "logs",
}

# Errors of every service:
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html
COMMON = ["ThrottlingException", "ExpiredTokenException"]


def filled(shape, name, within=()):
    """A valid value of a shape, with every member. One that holds itself is not
    entered again."""
    kind = shape.type_name
    if kind == "structure":
        return {
            key: filled(member, key, within + (shape.name,))
            for key, member in shape.members.items()
            if member.name not in within
        }
    if kind == "list":
        return [filled(shape.member, name, within)]
    if kind == "map":
        return {filled(shape.key, name + "-key"): filled(shape.value, name, within)}
    if kind == "string":
        return shape.enum[0] if shape.enum else name.ljust(shape.metadata.get("min", 0), "x")
    if kind in ("integer", "long"):
        return max(7, shape.metadata.get("min", 0))
    if kind in ("float", "double"):
        return 1.5
    if kind == "boolean":
        return True
    raise TypeError(kind)


TYPES = {
    "structure": dict, "map": dict, "list": list, "string": str, "blob": str, "boolean": bool,
    "integer": int, "long": int, "float": (int, float), "double": (int, float), "timestamp": (int, float),
}


def look(shape, value, path):
    """What a model does not know of a value."""
    kind = shape.type_name
    if not isinstance(value, TYPES[kind]) or isinstance(value, bool) != (kind == "boolean"):
        yield f"{path} is no {kind} but {type(value).__name__}"
    elif kind == "structure":
        for key, item in value.items():
            if key not in shape.members:
                yield f"{path} has no member {key}"
            else:
                yield from look(shape.members[key], item, f"{path}.{key}")
        for key in shape.required_members:
            if key not in value:
                yield f"{path} lacks {key}"
    elif kind == "list":
        for i, item in enumerate(value):
            yield from look(shape.member, item, f"{path}[{i}]")
    elif kind == "map":
        for key, item in value.items():
            yield from look(shape.key, key, f"{path} key")
            yield from look(shape.value, item, f"{path}.{key}")
    elif kind == "string" and shape.enum and value not in shape.enum:
        yield f"{path} is {value!r}, which is none of {', '.join(shape.enum)}"


def check(call):
    model = session.get_service_model(SERVICES[call["service"]]).operation_model(call["operation"])
    if call.get("in") is not None:
        report = ParamValidator().validate(call["in"], model.input_shape)
        if report.has_errors():
            yield "in: " + report.generate_report()
        yield from look(model.input_shape, call["in"], "in")
    if call.get("out") is not None:
        yield from look(model.output_shape, call["out"], "out")
    fault = call.get("fault")
    if fault and fault not in COMMON and fault not in [shape.name for shape in model.error_shapes]:
        yield f"fault {fault} is none of this operation's"


if sys.argv[1] == "full":
    model = session.get_service_model("ecs").operation_model(sys.argv[2])
    print(json.dumps(filled(model.input_shape, sys.argv[2])))
else:
    calls = [json.loads(line) for line in sys.stdin]
    for i, call in enumerate(calls):
        for wrong in check(call):
            print(i, f"{call['operation']}: {wrong}")
    print(f"looked at {len(calls)}")
