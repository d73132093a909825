from __future__ import annotations

import subprocess
import sys

import pytest

from desktop_wallet.core.errors import KeyringMissing
from desktop_wallet.ui.pages.onboarding.state import Bring, Onboarding, Step, password_hint


def walk(state: Onboarding) -> list[Step]:
    seen = [state.step]
    while not state.is_last:
        seen.append(state.forward())
    return seen


@pytest.mark.parametrize("bring", Bring)
def test_networks_come_after_the_wallet_and_before_anything_is_asked(bring: Bring) -> None:
    steps = walk(Onboarding(bring))
    assert steps[0] is Step.PROFILE
    assert steps.index(Step.NETWORKS) == len(steps) - (2 if Step.BACKUP in steps else 1)


def test_a_new_phrase_is_checked_before_it_is_kept() -> None:
    assert walk(Onboarding(Bring.CREATE)) == [
        Step.PROFILE,
        Step.NEW_PHRASE,
        Step.WRITTEN_DOWN,
        Step.NETWORKS,
        Step.BACKUP,
    ]


def test_a_keyring_problem_adds_its_step_where_the_profile_is_made() -> None:
    state = Onboarding(Bring.KEY)
    state.keyring_problem = KeyringMissing()
    assert state.steps()[:3] == (Step.PROFILE, Step.KEYRING, Step.KEY)


def test_who_brings_something_is_asked_what_first() -> None:
    state = Onboarding()
    assert state.step is Step.SOURCE
    assert state.parts() == ("Start", "Password", "Wallet", "Networks")
    state.bring = Bring.BACKUP
    assert walk(state) == [Step.SOURCE, Step.PROFILE, Step.RESTORE, Step.NETWORKS]


def test_a_backup_file_is_offered_to_whoever_has_a_secret() -> None:
    offered = {bring for bring in Bring if Step.BACKUP in Onboarding(bring).steps()}
    assert offered == {Bring.CREATE, Bring.PHRASE, Bring.KEY}


def test_adding_to_an_open_wallet_asks_neither_password_nor_networks() -> None:
    state = Onboarding(adding=True, profile_made=True)
    state.bring = Bring.CREATE
    assert walk(state) == [Step.SOURCE, Step.NEW_PHRASE, Step.WRITTEN_DOWN, Step.BACKUP]


def test_nothing_that_was_made_is_made_twice() -> None:
    state = Onboarding(Bring.CREATE)
    state.forward()
    state.profile_made = True
    may_go_back = [state.can_go_back]
    assert state.forward() is Step.WRITTEN_DOWN
    may_go_back.append(state.can_go_back)
    state.wallet_made = True
    may_go_back.append(state.can_go_back)
    assert may_go_back == [False, True, False]
    assert not state.can_leave
    assert state.back() is Step.WRITTEN_DOWN


def test_names_are_not_taken_twice() -> None:
    assert Onboarding(taken_names=()).suggested_name() == "Main"
    assert Onboarding(taken_names=("Main", "Main 2")).suggested_name() == "Main 3"


def test_secrets_are_in_no_representation_and_can_be_dropped() -> None:
    state = Onboarding(Bring.CREATE, password="correct horse", phrase="abandon ability able")
    assert "horse" not in repr(state)
    assert "abandon" not in repr(state)
    state.forget_secrets()
    assert (state.password, state.phrase) == ("", "")


@pytest.mark.parametrize(
    ("password", "hint"),
    [
        ("", "8 characters or more"),
        ("short", "3 more characters needed."),
        ("seven77", "1 more character needed."),
        ("aaaaaaaaa", "easy to guess"),
        ("correct horse", "Long enough. Longer is better."),
    ],
)
def test_the_hint_follows_what_is_typed(password: str, hint: str) -> None:
    assert hint in password_hint(password)


def test_the_state_needs_no_qt() -> None:
    code = (
        "import sys; sys.modules['PySide6'] = None\n"
        "import importlib.util as u, desktop_wallet\n"
        "p = desktop_wallet.__path__[0] + '/ui/pages/onboarding/state.py'\n"
        "s = u.spec_from_file_location('state', p); m = u.module_from_spec(s); sys.modules['state'] = m\n"
        "s.loader.exec_module(m); print(m.Onboarding(m.Bring.CREATE).step.name)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "PROFILE"
