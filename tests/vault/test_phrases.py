from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_wallet.core.errors import InvalidPhrase
from desktop_wallet.vault.phrases import (
    check_phrase,
    complete,
    entropy_of,
    new_phrase,
    phrase_of,
    seed_of,
    word_list,
)

_VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "bip39.json").read_text())
GOOD = "legal winner thank year wave sausage worth useful legal winner thank yellow"


@pytest.mark.parametrize(("entropy", "phrase", "seed", "master"), _VECTORS["english"])
def test_bip39_vectors(entropy: str, phrase: str, seed: str, master: str) -> None:
    """Source: see the head of the vectors file."""
    assert check_phrase(phrase) == phrase
    assert entropy_of(phrase).hex() == entropy
    assert phrase_of(bytes.fromhex(entropy)) == phrase
    assert seed_of(phrase, "TREZOR").hex() == seed


@pytest.mark.parametrize("words", [12, 15, 18, 21, 24])
def test_a_new_phrase_has_as_many_words_and_a_right_checksum(words: int) -> None:
    phrase = new_phrase(words)
    assert len(phrase.split()) == words
    assert check_phrase(phrase) == phrase
    assert phrase != new_phrase(words)


@given(st.sampled_from([16, 20, 24, 28, 32]).flatmap(lambda size: st.binary(min_size=size, max_size=size)))
def test_every_entropy_survives_as_words(entropy: bytes) -> None:
    assert entropy_of(check_phrase(phrase_of(entropy))) == entropy


@pytest.mark.parametrize(
    "typed",
    [
        GOOD.upper(),
        "  " + GOOD.replace(" ", "   ") + "\n",
        GOOD.replace(" ", "\n"),
        GOOD.replace(" ", "\u3000"),
        GOOD.replace("legal", "\uff4c\uff45\uff47\uff41\uff4c"),
    ],
)
def test_case_spacing_and_unicode_form_do_not_matter(typed: str) -> None:
    assert check_phrase(typed) == GOOD


@pytest.mark.parametrize("position", [1, 5, 12])
def test_a_wrong_word_is_named_by_its_place_and_never_told(position: int) -> None:
    words = GOOD.split()
    words[position - 1] = "wnner"
    with pytest.raises(InvalidPhrase) as caught:
        check_phrase(" ".join(words))
    assert caught.value.data == {"problem": "word", "position": position, "word_count": 12}
    assert "wnner" not in str(caught.value)


@pytest.mark.parametrize("count", [0, 1, 11, 13, 25])
def test_another_number_of_words_is_refused(count: int) -> None:
    with pytest.raises(InvalidPhrase) as caught:
        check_phrase("abandon " * count)
    assert (caught.value.problem, caught.value.word_count) == ("count", count)


def test_swapped_words_fail_the_checksum() -> None:
    first, second, *rest = GOOD.split()
    with pytest.raises(InvalidPhrase) as caught:
        check_phrase(" ".join([second, first, *rest]))
    assert caught.value.problem == "checksum"


def test_the_word_list_is_whole_and_sorted() -> None:
    words = word_list()
    assert len(words) == 2048
    assert list(words) == sorted(words)
    assert len({word[:4] for word in words}) == 2048


def test_completion_offers_the_words_that_begin_so() -> None:
    assert complete("aban") == ("abandon",)
    assert complete(" ZO") == ("zone", "zoo")
    assert complete("") == ()
    assert complete("qx") == ()
    assert len(complete("s")) == sum(word.startswith("s") for word in word_list())
