"""What a template may not do: reach objects, files, the clock or other people's data, or keep the machine busy."""

from __future__ import annotations

import time
import tracemalloc

import pytest

from messaging.render import MAX_SOURCE, RenderFailed, check_template, render
from schemas.offers import Template, TemplateText

VARIABLES = {
    "person": {"name": "Ann", "tags": ["vip", "new"], "city": "York"},
    "event": {"amount": 12, "items": [{"sku": "A-1"}, {"sku": "B-2"}]},
    "long": "x" * 60_000,
}

# Payloads that got out of the sandboxes of other template languages, and their relatives.
OBJECTS = [
    "{{7*7}}",
    "{{ 7 * '7' }}",
    "{{ ''.__class__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ person.__class__ }}",
    "{{ person.__class__.__init__.__globals__ }}",
    "{{ person.__dict__ }}",
    "{{ person['__class__'] }}",
    "{{ person.name.__class__ }}",
    "{{ person.name.__len__ }}",
    "{{ person.tags.__class__.__base__ }}",
    "{{ person.tags.append }}",
    "{{ person.name.upper }}",
    "{{ person.name.format }}",
    "{{ person.name.upper() }}",
    "{{ person._values }}",
    "{{ event.items[0].__class__ }}",
    "{{ self }}",
    "{{ self.__init__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ config }}",
    "{{ config.items() }}",
    "{{ request.application.__globals__ }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ joiner.__init__.__globals__ }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ lipsum.__globals__['os'] }}",
    "{{ url_for.__globals__ }}",
    "{{ get_flashed_messages.__globals__ }}",
    "{{ range.__class__ }}",
    "{{ dict.__base__ }}",
    "{{ ''|attr('__class__') }}",
    "{{ person|map('__class__') }}",
    "{{ person.name|format }}",
    "{{ '%s'|format(person) }}",
    "{{ person|string }}",
    "{{ person|safe }}",
    "{{ person | json }}",
    "{% import 'os' as os %}{{ os }}",
    "{% from 'os' import popen %}",
    "{% include '/etc/passwd' %}",
    "{% include person.name %}",
    "{% render 'other' %}",
    "{% extends 'base' %}",
    "{% macro x() %}{% endmacro %}",
    "{% set x = ''.__class__ %}",
    "{% with x = 1 %}{% endwith %}",
    "{% call x() %}{% endcall %}",
    "{% liquid assign x = 1 %}",
    "{% raw %}{{ person.name }}{% endraw %}{% bogus %}",
    "{% capture x %}{% endcapture %}",
    "#{7*7}{{ `id` }}",
    "{{ $x }}",
    "{{ @person }}",
    "{{ person->name }}",
    "{{ {'a': 1} }}",
    "{{ [].__class__ }}",
    "{{ (lambda: 1)() }}",
    "{{ 1 if 1 else 2 }}",
]

# What would take much time or memory if it were let in.
RESOURCES = [
    "{{" * 30_000,
    "{{ " * 20_000,
    "{{" + " " * 60_000 + "}}",
    "{%" + " " * 60_000 + "%}",
    "{% raw %}" * 7_000,
    "{% comment %}" * 5_000,
    "{% doc %}" * 7_000,
    "{% if a %}" * 6_000,
    "{% if person %}" * 40 + "x" + "{% endif %}" * 40,
    "{% for i in (1..101) %}{{ i }}{% endfor %}",
    "{% for i in (1..1000000000) %}{% endfor %}",
    "{% for i in (1..99999999999999999999999999) %}{% endfor %}",
    "{% for i in (1..100) %}{% for j in (1..100) %}x{% endfor %}{% endfor %}",
    "{% for i in (1..90) %}{% endfor %}" * 200,
    "{% assign x = long %}{% assign x = x | append: x %}{{ x }}",
    "{{ long | append: long }}",
    "{{ long | prepend: long }}",
    "{% assign a = long %}{% assign b = long %}{{ a }}",
    "{{ 'x' | times: 100000000 }}",
    "{{ 999999999999999 | times: 999999999999999 }}",
    "{{ 9 | times: 99999999999999999999999999 }}",
    "{{ '1e999999' | plus: 1 }}",
    "{{ person.name | date: '%99999999d' }}",
    "{{ person.name | truncate: 1.5 }}",
    "{{ " + "a[" * 490 + "0" + "]" * 490 + " }}",
    "{{ " + "a." * 600 + "b }}",
    "{{ person.name" + " | upcase" * 200 + " }}",
    "x" * (MAX_SOURCE + 1),
    "{{ long }}",
    "{{ (1..999999999999) | join: ',' }}",
    "{{ (1..999999999999) | size }}",
]

# What belongs to somebody else, to the machine, or to no message.
LEAKS = [
    "{{ people }}",
    "{{ people[0].name }}",
    "{{ person }}",
    "{{ event }}",
    "{{ event.items }}",
    "{{ event.items[0] }}",
    "{{ event.items | first }}",
    "{{ event.items | join: ',' }}",
    "{{ person.phone }}",
    "{{ other.name }}",
    "{{ person[other] }}",
    "{{ [person.name] }}",
    "{% assign n = 'person' %}{{ [n].name }}",
    "{{ env.SECRET }}",
    "{{ settings.secret_key }}",
    "{{ secrets }}",
    "{{ now }}",
    "{{ today }}",
    "{{ ['now'] }}",
    "{{ 'now' | date: '%Y' }}",
    "{{ 'today' | date: '%Y-%m-%d' }}",
    "{{ true | date: '%Y' }}",
    "{{ forloop }}",
    "{{ template }}",
    "{{ partial.x }}",
    "{{ globals }}",
    "{{ locals }}",
    "{{ person.name | base64_encode }}",
    "{% increment counter %}",
    "{% cycle 'a', 'b' %}",
    "{% tablerow i in event.items %}{{ i }}{% endtablerow %}",
]


def attempt(source: str) -> str:
    """Say where a text is stopped: at `load` with a position, at `render` with a code, or not at all."""
    fault = check_template(source)
    if fault is not None:
        assert fault.line >= 1
        assert fault.column >= 1
        assert fault.message
        return "load"
    template = Template("t", "transactional", {"sms": {"en": TemplateText(source)}})
    try:
        content = render(
            template, "sms", "en", VARIABLES, zone="UTC", currency="CNY", fallback_language="en", max_bytes=4_096
        )
    except RenderFailed as error:
        return f"render {error.code}"
    return f"sent {content.body[:80]}"


@pytest.mark.parametrize("source", OBJECTS + LEAKS)
def test_an_escape_is_refused_at_load_or_stopped_at_render(source: str) -> None:
    assert attempt(source).split()[0] in {"load", "render"}


@pytest.mark.parametrize("source", RESOURCES, ids=range(len(RESOURCES)))
def test_an_expensive_template_is_stopped_while_it_is_cheap(source: str) -> None:
    check_template("warm")
    tracemalloc.start()
    began = time.process_time()

    stopped = attempt(source)

    took, (_, peak) = time.process_time() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert stopped.split()[0] in {"load", "render"}
    assert took < 2
    assert peak < 50_000_000


def test_there_are_at_least_a_hundred_escapes() -> None:
    assert len({*OBJECTS, *RESOURCES, *LEAKS}) >= 100
