from __future__ import annotations

import re

import pytest

from desktop_wallet.core import errors
from desktop_wallet.core.errors import WalletError
from desktop_wallet.core.networks import NetworkId
from desktop_wallet.ui.error_text import PROBLEMS, TEXTS, error_text


def tree(root: type[WalletError]) -> list[type[WalletError]]:
    return [root, *(kind for child in root.__subclasses__() for kind in tree(child))]


EVERY = [kind for kind in tree(WalletError) if kind.__module__ == errors.__name__]
FULL = {
    "host": "base.example",
    "network": NetworkId("eip155", "8453"),
    "after_s": 10.0,
    "retry_after_s": 8.0,
    "minimum": 8,
    "what": "wallet",
    "name": "vault.json",
    "text": "m/xyz",
    "expected": 1,
    "actual": 5,
    "position": 7,
}


def test_the_tree_is_walked_as_it_is_drawn() -> None:
    drawn = set(re.findall(r"[A-Z][A-Za-z]+", (errors.__doc__ or "").split("Errors carry")[0]))
    assert {kind.__name__ for kind in EVERY} <= drawn


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.__name__)
def test_every_error_has_words_of_its_own(kind: type[WalletError]) -> None:
    assert kind in TEXTS


@pytest.mark.parametrize("data", [{}, FULL], ids=["bare", "with data"])
@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.__name__)
def test_words_are_whole_sentences_and_calm(kind: type[WalletError], data: dict[str, object]) -> None:
    words = error_text(kind(**data), lambda _: "Base")
    for sentence in (words.sentence, words.what_to_do):
        assert sentence.endswith(".")
        assert (
            sentence[0].isupper() or sentence[0].isdigit() or sentence.startswith(("base.example", "vault.json", "m/"))
        )
    assert not words.title.endswith(".")
    everything = f"{words.title} {words.text}"
    assert "!" not in everything
    assert "{" not in everything
    assert "went wrong" not in everything.lower()
    assert "None" not in everything


@pytest.mark.parametrize(
    ("kind", "problem"), [(kind, problem) for kind, known in PROBLEMS.items() for problem in known]
)
def test_every_problem_is_told_apart(kind: type[WalletError], problem: str) -> None:
    with_problem = error_text(kind(problem=problem, **FULL))
    others = {error_text(kind(problem=other, **FULL)).sentence for other in PROBLEMS[kind] if other != problem}
    assert with_problem.sentence not in others


def test_every_problem_that_an_error_documents_has_its_words() -> None:
    for kind in PROBLEMS:
        documented = re.search(r"problem \(([^)]*)\)", kind.__doc__ or "")
        assert documented, kind
        assert set(re.findall(r'"([a-z-]+)"', documented.group(1))) == set(PROBLEMS[kind])


def test_a_wrong_word_is_named_by_its_place() -> None:
    words = error_text(errors.InvalidPhrase(problem="word", position=7, word_count=12))
    assert words.sentence == "Word 7 is not a word of a recovery phrase."


def test_a_network_without_servers_says_why_the_last_one_failed() -> None:
    last = errors.EndpointTimeout(host="base.example", after_s=10)
    error = errors.NoEndpointLeft(network=NetworkId("eip155", "8453"), last=last)
    assert error_text(error, lambda _: "Base").sentence == (
        "No server of Base answers now. base.example did not answer for 10 s."
    )


def test_braces_in_what_was_typed_stay_as_they_are() -> None:
    assert error_text(errors.InvalidPath(text="{host}")).sentence == "{host} is not a derivation path."


def test_a_kind_that_is_not_known_yet_takes_the_words_of_its_parent() -> None:
    class Newer(errors.KeyringLocked):
        pass

    assert error_text(Newer()).title == TEXTS[errors.KeyringLocked].title
