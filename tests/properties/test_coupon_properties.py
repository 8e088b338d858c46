from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from campaigns.coupons import ALPHABET, CODE_LENGTH, check_code, code_of

KEYS = st.binary(min_size=16, max_size=64)
IDS = st.text("0123456789abcdef", min_size=32, max_size=32)
BODIES = st.builds(code_of, KEYS, IDS, st.integers(0, 5))


@given(KEYS, IDS, st.integers(0, 5), st.sampled_from(["", "WEL", "SPRING"]))
def test_every_code_checks_and_is_the_same_again(key: bytes, decision: str, attempt: int, prefix: str) -> None:
    code = code_of(key, decision, attempt, prefix)

    assert check_code(code)
    assert code == code_of(key, decision, attempt, prefix)
    assert len(code.rpartition("-")[2]) == CODE_LENGTH


@given(KEYS, IDS)
def test_another_key_decision_or_attempt_gives_another_code(key: bytes, decision: str) -> None:
    codes = {
        code_of(key, decision, 0),
        code_of(key + b"x", decision, 0),
        code_of(key, decision + "0", 0),
        code_of(key, decision, 1),
    }

    assert len(codes) == 4


@given(BODIES, st.integers(0, CODE_LENGTH - 1), st.sampled_from(ALPHABET))
def test_every_single_wrong_character_is_found(code: str, place: int, character: str) -> None:
    mistyped = code[:place] + character + code[place + 1 :]

    assert check_code(mistyped) == (mistyped == code)


@given(BODIES, st.integers(0, CODE_LENGTH - 2))
def test_a_swap_of_neighbours_is_found_unless_they_are_0_and_z(code: str, place: int) -> None:
    first, second = code[place], code[place + 1]
    swapped = code[:place] + second + first + code[place + 2 :]

    assert check_code(swapped) == (first == second or {first, second} == {"0", "Z"})


@given(BODIES)
def test_small_letters_and_look_alikes_are_understood(code: str) -> None:
    typed = f"  wel-{code.lower().replace('0', 'o').replace('1', 'l')} "

    assert check_code(typed)


@given(st.text(max_size=30))
def test_any_text_can_be_asked(text: str) -> None:
    assert check_code(text) in {True, False}


def test_missing_and_extra_characters_are_found() -> None:
    code = code_of(b"k" * 32, "0" * 32, 0)

    assert not check_code(code[:-1])
    assert not check_code(code + "0")
    assert not check_code("")
