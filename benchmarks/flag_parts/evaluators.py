"""One flag of one rule (plan is pro) and a 25 % rollout, as each client evaluates it in its own process; and each client behind OpenFeature.

Run as a program, `python -m benchmarks.flag_parts.evaluators NAME` says what share it lets in and then, for each number of calls it
reads, how many CPU seconds they took. Everything is offline: definitions come from a file, or from a server of this very process.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import import_module
from pathlib import Path
from typing import Any

KEY, NEEDED = "release_new_dashboard", "release_new_menu"
PEOPLE = [f"user-{number}" for number in range(1000)]
Evaluate = Callable[[str], object]
NOWHERE = "http://127.0.0.1:9"
PATIENCE = 20.0


def _file(content: object) -> str:
    path = Path(tempfile.mkdtemp()) / "flags.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return str(path)


def _served(content: object) -> str:
    """The address of a server in this process that answers this, whatever it is asked."""
    body = json.dumps(content).encode()

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the library's names

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's signature
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def _definitions(**more: Any) -> dict[str, Any]:
    rule = {"id": "r1", "conditions": [{"attribute": "plan", "operator": "eq", "value": "pro"}], "variant": "on"}
    variants = [{"name": "on", "value": True}, {"name": "off", "value": False}]
    flag = {"enabled": True, "variants": variants, "default_variant": "off", "off_variant": "off"}
    asked = {**flag, "key": KEY, "rollout_percentage": 25, "rollout_variant": "on", "rules": [rule], **more}
    needed = {**flag, "key": NEEDED, "default_variant": "on"}
    return {"version": 1, "flags": {KEY: asked, NEEDED: needed}}


def cybercube() -> Evaluate:
    """The evaluator that portal and client share."""
    environment = import_module("flags.evaluation").Environment(_definitions())
    return lambda who: environment.evaluate(KEY, {"targetingKey": who, "plan": "free"}).value


def _client(**more: Any) -> Any:  # noqa: ANN401 - found on a path of its own
    sys.path.insert(0, str(Path("clients/python/src").resolve()))
    return import_module("cybercube.flags").Flags("", "", bootstrap=_file(_definitions(**more)), start=False)


def cybercube_client() -> Evaluate:
    """The whole client: its counters, and a prerequisite before the rule."""
    flags = _client(prerequisites=[{"flag": NEEDED, "variants": ["on"]}])
    return lambda who: flags.is_enabled(KEY, {"targetingKey": who, "plan": "free"})


def cybercube_openfeature() -> Evaluate:
    """The same behind OpenFeature."""
    flags = _client(prerequisites=[{"flag": NEEDED, "variants": ["on"]}])
    return _openfeature(import_module("cybercube.openfeature_provider").CybercubeProvider(flags))


def _openfeature(provider: Any) -> Evaluate:  # noqa: ANN401 - each package's own
    api: Any = import_module("openfeature.api")
    context: Any = import_module("openfeature.evaluation_context").EvaluationContext
    api.set_provider(provider)
    client, last = api.get_client(), time.monotonic() + PATIENCE
    while client.get_boolean_details(KEY, False, context(PEOPLE[0], {"plan": "free"})).error_code is not None:
        if time.monotonic() > last:
            raise RuntimeError("the provider never got ready")
        time.sleep(0.05)
    return lambda who: client.get_boolean_value(KEY, False, context(who, {"plan": "free"}))


GROWTHBOOK = {
    KEY: {
        "defaultValue": False,
        "rules": [
            {"condition": {"plan": "pro"}, "force": True},
            {"force": True, "coverage": 0.25, "hashAttribute": "id"},
        ],
    }
}


def growthbook() -> Evaluate:
    """GrowthBook's client without network."""
    book = import_module("growthbook").GrowthBook(attributes={}, features=GROWTHBOOK)

    def evaluate(who: str) -> object:
        book.set_attributes({"id": who, "plan": "free"})
        return book.is_on(KEY)

    return evaluate


def growthbook_openfeature() -> Evaluate:
    """Its provider fetches its features once, from this process."""
    address = _served({"features": GROWTHBOOK})
    module = import_module("growthbook_openfeature_provider")
    options = module.GrowthBookProviderOptions(api_host=address, client_key="key")
    provider = module.GrowthBookProvider(options)
    provider.initialize_sync()
    return _openfeature(provider)


def _launchdarkly() -> Any:  # noqa: ANN401 - its configuration
    share = {"variations": [{"variation": 0, "weight": 25_000}, {"variation": 1, "weight": 75_000}]}
    clause = {"attribute": "plan", "op": "in", "values": ["pro"]}
    flag = {"key": KEY, "on": True, "variations": [True, False], "offVariation": 1, "salt": "s", "version": 1}
    flag |= {"rules": [{"id": "r1", "clauses": [clause], "variation": 0}], "fallthrough": {"rollout": share}}
    source = import_module("ldclient.integrations").Files.new_data_source(paths=[_file({"flags": {KEY: flag}})])
    return import_module("ldclient.config").Config("key", update_processor_class=source, send_events=False)


def launchdarkly() -> Evaluate:
    """LaunchDarkly's file source."""
    client = import_module("ldclient")
    made = client.LDClient(config=_launchdarkly())
    return lambda who: made.variation(KEY, client.Context.builder(who).set("plan", "free").build(), False)


def launchdarkly_openfeature() -> Evaluate:
    """The same behind OpenFeature."""
    return _openfeature(import_module("ld_openfeature").LaunchDarklyProvider(_launchdarkly()))


def _unleash() -> dict[str, Any]:
    pro = {"contextName": "plan", "operator": "IN", "values": ["pro"]}
    share = {"rollout": "25", "stickiness": "userId", "groupId": KEY}
    strategies = [
        {"name": "flexibleRollout", "parameters": {**share, "rollout": "100"}, "constraints": [pro]},
        {"name": "flexibleRollout", "parameters": share, "constraints": []},
    ]
    feature = {"name": KEY, "type": "release", "enabled": True, "strategies": strategies, "variants": []}
    return {"version": 2, "features": [feature]}


def unleash() -> Evaluate:
    """The engine in Rust that Unleash's client calls for each question, without the client around it."""
    engine = import_module("yggdrasil_engine.engine").UnleashEngine()
    engine.take_state(json.dumps(_unleash()))
    return lambda who: engine.is_enabled(KEY, {"userId": who, "properties": {"plan": "free"}}).is_enabled


def _unleash_cache() -> Any:  # noqa: ANN401 - its cache
    cache = import_module("UnleashClient.cache").FileCache("bench", directory=tempfile.mkdtemp())
    cache.bootstrap_from_dict(_unleash())
    return cache


def unleash_client() -> Evaluate:
    """The client as programs use it, bootstrapped."""
    client = import_module("UnleashClient").UnleashClient(
        NOWHERE, "bench", cache=_unleash_cache(), disable_metrics=True, disable_registration=True
    )
    client.initialize_client(fetch_toggles=False)
    return lambda who: client.is_enabled(KEY, {"userId": who, "properties": {"plan": "free"}})


def unleash_openfeature() -> Evaluate:
    """The same behind OpenFeature; its provider is ready once it has fetched, from this process."""
    module = import_module("openfeature.contrib.provider.unleash")
    return _openfeature(module.UnleashProvider(_served(_unleash()), "bench", "token", cache=_unleash_cache()))


def _flagsmith() -> Any:  # noqa: ANN401 - its client
    pro = {"property_": "plan", "operator": "EQUAL", "value": "pro"}
    share = {"property_": "$.identity.identifier", "operator": "PERCENTAGE_SPLIT", "value": "25"}
    feature = {"id": 1, "name": KEY, "type": "STANDARD"}
    state: dict[str, Any] = {"feature": feature, "feature_state_value": None, "multivariate_feature_state_values": []}

    def segment(number: int, condition: dict[str, str]) -> dict[str, Any]:
        rules = [{"type": "ALL", "conditions": [], "rules": [{"type": "ANY", "conditions": [condition], "rules": []}]}]
        on = {**state, "id": number, "django_id": number, "enabled": True, "feature_segment": {"priority": number}}
        return {"id": number, "name": f"segment-{number}", "rules": rules, "feature_states": [on]}

    organisation = {
        "id": 1,
        "name": "o",
        "feature_analytics": False,
        "stop_serving_flags": False,
        "persist_trait_data": True,
    }
    segments = [segment(1, pro), segment(2, share)]
    project = {"id": 1, "name": "p", "organisation": organisation, "hide_disabled_flags": False, "segments": segments}
    environment = {"id": 1, "api_key": "key", "name": "e", "project": project, "identity_overrides": []}
    environment["feature_states"] = [{**state, "id": 9, "django_id": 9, "enabled": False, "feature_segment": None}]
    handler = import_module("flagsmith.offline_handlers").LocalFileHandler(_file(environment))
    return import_module("flagsmith").Flagsmith(offline_mode=True, offline_handler=handler)


def flagsmith() -> Evaluate:
    """Flagsmith's local evaluation over an environment document."""
    client = _flagsmith()
    return lambda who: client.get_identity_flags(who, {"plan": "free"}).is_feature_enabled(KEY)


def flagsmith_openfeature() -> Evaluate:
    """The same behind OpenFeature."""
    return _openfeature(import_module("openfeature_flagsmith.provider").FlagsmithProvider(_flagsmith()))


def flagd_openfeature() -> Evaluate:
    """Flagd's provider evaluating in this process, from a file."""
    share = {"fractional": [{"cat": [KEY, {"var": "targetingKey"}]}, ["on", 25], ["off", 75]]}
    targeting = {"if": [{"==": [{"var": "plan"}, "pro"]}, "on", share]}
    flag = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "off", "targeting": targeting}
    module = import_module("openfeature.contrib.provider.flagd")
    kind = import_module("openfeature.contrib.provider.flagd.config").ResolverType.FILE
    path = _file({"$schema": "https://flagd.dev/schema/v0/flags.json", "flags": {KEY: flag}})
    return _openfeature(module.FlagdProvider(resolver_type=kind, offline_flag_source_path=path))


def _rate(evaluate: Evaluate, calls: int) -> float:
    started = time.process_time()
    for number in range(calls):
        evaluate(PEOPLE[number % len(PEOPLE)])
    return time.process_time() - started


def main() -> None:
    """Say the share, then answer numbers of calls by CPU seconds."""
    evaluate: Evaluate = globals()[sys.argv[1]]()
    print(sum(bool(evaluate(who)) for who in PEOPLE) / len(PEOPLE), flush=True)
    for line in sys.stdin:
        print(_rate(evaluate, int(line)), flush=True)


if __name__ == "__main__":
    main()
