"""The calendar: anniversaries, ends of months, holidays and workdays, to the midnight of the person's zone."""

from __future__ import annotations

from datetime import date

import pytest

from rules.check import check_playbook
from schemas.times import FOREVER, parse_time
from segments.anniversaries import days_to_anniversary, days_to_month_end, is_anniversary
from segments.calendar import countdown
from segments.localdays import days_of
from segments.workdays import country_fault, workdays_of
from tests.helpers.playbooks import marked, places
from tests.reference.stories import Player, changed, decided, event, since


def segment(condition: str) -> str:
    return f"segments: {{s: {{when: '{condition}'}}}}"


def day(text: str) -> int:
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


BORN = event("0h", "person.updated", birthday="1990-01-10")


def test_a_birthday_lasts_from_midnight_to_midnight_of_the_person(play: Player) -> None:
    story = play(segment("days_until(profile.birthday) == 0"), BORN, until="30d", zone="UTC")
    assert changed(story) == ["9d enter s time", "10d leave s time"]
    tokyo = event("0h", "person.updated", id="tokyo", birthday="1990-01-10", zone="Asia/Tokyo")
    story = play(segment("days_until(profile.birthday) == 0"), tokyo, until="30d", zone="UTC")
    assert changed(story) == ["8d15h enter s time", "9d15h leave s time"]


def test_the_days_before_a_birthday_are_counted_down(play: Player) -> None:
    story = play(segment("days_until(profile.birthday) <= 3"), BORN, until="30d", zone="UTC")
    assert changed(story) == ["6d enter s time", "10d leave s time"]
    story = play(segment("days_until(profile.birthday) > 362"), BORN, until="30d", zone="UTC")
    assert changed(story) == ["10d enter s time", "12d leave s time"]


def test_who_has_not_said_a_birthday_has_none_and_none_that_is_far(play: Player) -> None:
    for condition in ("days_until(profile.birthday) >= 0", "days_until(profile.birthday) != 3"):
        assert changed(play(segment(condition), event("0h", "visit"), until="9d")) == []


@pytest.mark.parametrize(
    ("of", "today", "days"),
    [
        ("1990-03-01", "2026-03-01", 0),
        ("1990-03-01", "2026-02-28", 1),
        ("1990-03-01", "2026-03-02", 364),
        ("2000-02-29", "2027-02-28", 0),
        ("2000-02-29", "2027-03-01", 365),
        ("2000-02-29", "2028-02-28", 1),
        ("2000-02-29", "2028-02-29", 0),
        ("2000-02-28", "2028-02-28", 0),
        ("1990-12-31", "2026-01-01", 364),
        ("2030-05-01", "2026-04-30", 1),
    ],
)
def test_days_to_an_anniversary(of: str, today: str, days: int) -> None:
    assert days_to_anniversary(of, day(today)) == days
    assert is_anniversary(of, date.fromisoformat(today)) == (days == 0)


@pytest.mark.parametrize(
    ("today", "days"), [("2026-01-31", 0), ("2026-02-01", 27), ("2028-02-28", 1), ("2026-12-02", 29)]
)
def test_days_to_the_end_of_a_month(today: str, days: int) -> None:
    assert days_to_month_end(day(today)) == days


def test_the_end_of_a_month_is_its_last_local_day(play: Player) -> None:
    story = play(segment("is_month_end()"), event("0h", "visit"), until="60d", zone="UTC")
    assert changed(story) == ["30d enter s time", "31d leave s time", "58d enter s time", "59d leave s time"]


def test_holidays_and_workdays_are_those_of_the_country_with_make_up_days(play: Player) -> None:
    # 1 and 2 January 2026 are off, 3 January is a Saturday, and Sunday 4 January makes up for the 2nd
    story = play(segment("is_holiday()"), event("0h", "visit"), until="9d", zone="UTC")
    assert changed(story) == ["0h enter s event", "2d leave s time"]
    story = play(segment("is_workday()"), event("0h", "visit"), until="10d", zone="UTC")
    assert changed(story) == ["3d enter s time", "9d leave s time"]


def test_a_year_without_its_make_up_workdays_is_provisional() -> None:
    china = workdays_of("CN")
    assert [china.provisional(year) for year in (2025, 2026, china.announced, china.announced + 1)] == [
        False,
        False,
        False,
        True,
    ]
    assert not workdays_of("DE-BY").provisional(2040)
    assert workdays_of("SG").provisional(2028), "holidays by the moon are estimates"


def test_make_up_workdays_and_days_off_of_one_known_year() -> None:
    china = workdays_of("CN")
    off = ("2026-01-02", "2026-02-16", "2026-02-20", "2026-10-07")
    worked = ("2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10")
    assert [china.is_holiday(day(text)) for text in off] == [True] * 4
    assert [china.is_workday(day(text)) for text in (*off, "2026-03-01")] == [False] * 5
    assert [china.is_workday(day(text)) for text in (*worked, "2026-03-02")] == [True] * 7


@pytest.mark.parametrize("country", ["XX", "cn", "China", "DE-XX", "", "CN-"])
def test_a_country_that_there_is_not_is_refused(country: str) -> None:
    assert country_fault(country) is not None
    assert country_fault("CN") is None
    assert country_fault("DE-BY") is None


def test_a_country_that_there_is_not_is_found_at_its_place() -> None:
    plain, expected = marked("workspace: {zone: UTC, currency: EUR, country: ▶DE-BX}\n")
    _, findings = check_playbook({"case.yaml": plain})
    assert [finding.code for finding in findings] == ["bad_country"]
    assert findings[0].hint.startswith("did you mean 'DE-")
    assert places(findings) == expected


def test_nobody_is_woken_between_a_birthday_and_the_days_before_the_next() -> None:
    class Asked:
        days, now = days_of("UTC"), day("2026-01-11") * 86_400_000

    asked = countdown("<=", 3, lambda _: ("1990-01-10", FOREVER))
    assert asked(Asked) == (False, day("2027-01-07") * 86_400_000)  # type: ignore[arg-type]


def test_the_calendar_answers_to_the_last_day_that_is_known(play: Player) -> None:
    at = (day("2060-12-31") - day("2026-01-01")) * 24
    condition = "is_workday() || days_until(profile.birthday) < 9 || is_month_end()"
    late = event(f"{at}h", "visit")
    assert changed(play(segment(condition), late, until=f"{at + 1}h", zone="UTC")) == [f"{at // 24}d enter s event"]


def scheduled(schedule: str) -> str:
    return f"rules: {{r: {{schedule: {schedule}, then: [{{assign: {{to: x}}}}]}}}}"


def test_an_anniversary_comes_in_the_persons_own_zone_and_for_nobody_else(play: Player) -> None:
    rules = scheduled('{anniversary: birthday, at: "09:00"}')
    people = (
        event("0h", "person.updated", id="a", person="ann", birthday="1990-01-10"),
        event("0h", "person.updated", id="b", person="bob", birthday="1990-01-10", zone="Asia/Tokyo"),
        event("0h", "person.updated", id="c", person="cat", birthday="1990-01-11"),
        event("0h", "visit", person="dan"),
    )
    story = play(rules, *people, until="10d", zone="UTC")
    assert [f"{since(line['time'])} {line['person']}" for line in story.decisions] == ["9d bob", "9d9h ann"]


def test_days_before_an_anniversary(play: Player) -> None:
    story = play(scheduled('{anniversary: birthday, at: "09:00", before: 7d}'), BORN, until="10d", zone="UTC")
    assert decided(story.decisions) == ["2d9h r"]


def test_the_end_of_the_month_and_days_before_it(play: Player) -> None:
    visit = event("0h", "visit")
    story = play(scheduled('{month_end: true, at: "18:00"}'), visit, until="60d", zone="UTC")
    assert decided(story.decisions) == ["30d18h r", "58d18h r"]
    story = play(scheduled('{month_end: true, at: "18:00", before: 2d}'), visit, until="60d", zone="UTC")
    assert decided(story.decisions) == ["28d18h r", "56d18h r"]


def test_a_schedule_on_workdays_leaves_holidays_out_and_takes_make_up_days_in(play: Player) -> None:
    rules = scheduled('{cron: "0 9 * * *", workdays: true}')
    story = play(rules, event("0h", "visit"), until="11d", zone="Asia/Shanghai")
    assert [day[:2] for day in decided(story.decisions)] == ["3d", "4d", "5d", "6d", "7d", "8d"]


def test_check_warns_two_months_before_a_year_whose_workdays_are_not_known() -> None:
    text = """
workspace: {zone: UTC, currency: CNY, country: CN}
events: {visit: }
let: {works: '▶is_workday()'}
segments: {free: {when: '!let.works && ▶is_holiday()'}}
rules:
  ▶r: {schedule: {cron: "0 9 * * *", workdays: true}, then: [{assign: {to: x}}]}
  s: {event: visit, when: is_month_end(), then: [{assign: {to: x}}]}
"""
    plain, expected = marked(text)
    last = workdays_of("CN").announced
    at = [parse_time(f"{last}-{month}-01T00:00:00Z") for month in ("06", "12")]
    early, late = (check_playbook({"case.yaml": plain}, None, now)[1] for now in at)

    assert early == []
    assert {(finding.code, finding.severity) for finding in late} == {("provisional_year", "warning")}
    assert places(late) == expected
    assert all(str(last + 1) in finding.message for finding in late)
    assert check_playbook({"case.yaml": plain})[1] == []
