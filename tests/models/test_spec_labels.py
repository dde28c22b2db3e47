"""Names of models for people: without the address of a server, where that leaves them different."""

from __future__ import annotations

from qa_eval.models.protocol import spec_labels


def test_two_servers_of_one_model_keep_their_addresses() -> None:
    here, there = (f"openai:m?base_url=http://127.0.0.1:{port}/v1" for port in (80, 81))
    assert spec_labels([here, there]) == {here: here, there: there}
    assert spec_labels([here, there, f"{here}&seed=1"])[f"{here}&seed=1"] == "openai:m?seed=1"


def test_what_is_the_models_own_stays() -> None:
    spec = (
        "openai:m?base_url=http://127.0.0.1:80/v1&key_env=KEY&max_tokens=8&prompt=mine.toml&proxy=environment"
    )
    assert spec_labels([spec]) == {spec: "openai:m?max_tokens=8&prompt=mine.toml"}


def test_names_that_are_no_specs_and_one_spec_given_twice_stay() -> None:
    assert spec_labels(["My model?", "embedded", "embedded"]) == {
        "My model?": "My model?",
        "embedded": "embedded",
    }
