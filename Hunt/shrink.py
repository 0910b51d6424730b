"""Makes a program that shows a difference as short as it can be made by leaving statements and settings out."""
import copy


def defined(statement):
    names = statement.get("to", [])
    return set(names if isinstance(names, list) else [names])


def used(value):
    """The names that a statement reads."""
    if isinstance(value, list):
        return set().union(*(used(v) for v in value)) if value else set()
    if isinstance(value, dict):
        if isinstance(value.get("tensor"), str):
            return {value["tensor"]}
        names = set()
        for key, item in value.items():
            if key in ("of", "gradient", "module", "optimizer") and isinstance(item, str):
                names.add(item.partition(".")[0])
            elif key in ("outputs", "inputs", "grad_outputs", "parameters"):
                names |= {name.partition(".")[0] for name in item if name}
            elif key in ("args", "kwargs") or isinstance(item, list):
                names |= used(list(item.values()) if isinstance(item, dict) else item)
            elif key in ("tuple", "slice"):
                names |= used(item)
        return names
    return set()


def without(statements, index):
    """The program without a statement and without what needs it."""
    kept, gone = [], set()
    for i, statement in enumerate(statements):
        if i == index or used({k: v for k, v in statement.items() if k != "to"}) & gone:
            gone |= defined(statement)
            continue
        gone -= defined(statement)
        kept.append(statement)
    return kept


def simpler(statements):
    """Programs with one setting less."""
    for i, statement in enumerate(statements):
        for key in ("no_grad", "requires_grad", "retain_graph", "create_graph"):
            if statement.get(key):
                changed = copy.deepcopy(statements)
                del changed[i][key]
                yield changed
        for key in statement.get("kwargs", {}) if statement["do"] == "call" else ():
            changed = copy.deepcopy(statements)
            del changed[i]["kwargs"][key]
            yield changed
        data = statement.get("data")
        if data and data["dtype"] in ("float64", "float16", "bfloat16"):
            changed = copy.deepcopy(statements)
            changed[i]["data"]["dtype"] = "float32"
            yield changed


def shrink(statements, differs, budget=300):
    """The shortest program found for which `differs` still holds."""
    progress = True
    while progress and budget > 0:
        progress = False
        for i in reversed(range(len(statements))):
            if i >= len(statements):
                continue
            shorter = without(statements, i)
            budget -= 1
            if shorter and len(shorter) < len(statements) and differs(shorter):
                statements, progress = shorter, True
        for candidate in simpler(statements):
            budget -= 1
            if budget < 0:
                break
            if differs(candidate):
                statements, progress = candidate, True
                break
    return statements
