"""Templates: filled in with what is known, refused with the line, and never more than fits."""

import json
import shlex

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.errors import UserError
from bootbeam.install.document import MAX_TEXT_CHARACTERS
from bootbeam.install.facts import MachineFacts
from bootbeam.install.template import FILTERS, is_template, render_template, rendered_name
from bootbeam.install.xml_text import parse_xml
from tests.install.examples import MACHINE, lines


def filled(text: str, machine: MachineFacts = MACHINE) -> str:
    return render_template(text, machine, "user-data.j2")


def refused(text: str, machine: MachineFacts = MACHINE) -> UserError:
    with pytest.raises(UserError) as caught:
        filled(text, machine)
    return caught.value


def test_only_a_file_that_asks_for_it_is_one() -> None:
    assert is_template("user-data.j2")
    assert not is_template("user-data")
    assert not is_template("j2")
    assert rendered_name("user-data.j2") == "user-data"
    assert rendered_name("ks.cfg") == "ks.cfg"


def test_facts_conditions_and_defaults() -> None:
    text = (
        "#cloud-config\n"
        "host: pc-{{ mac|replace(':', '') }}\n"
        "{% if ip == '192.168.1.77' %}\n"
        "room: 1\n"
        "{% else %}\n"
        "room: 2\n"
        "{% endif %}\n"
        "name: {{ hostname|default('none') }} {{ serial.lower() }} {{ uuid[:8] }}\n"
    )
    assert filled(text) == "#cloud-config\nhost: pc-525400123456\nroom: 1\nname: none pf2abc12 11111111\n"


def test_a_fact_that_was_not_told_is_an_error_with_its_line() -> None:
    error = refused("a\nb\n{{ hostname }}\n")
    assert "user-data.j2, line 3" in error.what
    assert "'hostname' is undefined" in error.why
    assert "mac, uuid, serial, ip" in error.why
    assert "default" in error.fix


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("a\n{{ mac", 2, "end of print statement"),
        ("a\n\n{% if mac %}", 3, "endif"),
        ("{{ nobody }}", 1, "'nobody' is undefined"),
        ("a\n{{ mac + 1 }}", 2, "can only concatenate"),
        ("a\n{{ mac.__class__ }}", 2, "unsafe"),
        ("{{ ''.join }}{{ mac.format(1) }}", 1, "cannot be called"),
        ("{{ mac|attr('x') }}", 1, "No filter named 'attr'"),
        ("{{ mac ~ 'x' }}", 1, "write + instead"),
        ("{{ 'x' * 9999999999 }}", 1, "no Mul"),
        ("{{ '%9999999999s' % 'x' }}", 1, "no Mod"),
        ("a\n{% macro m() %}{% endmacro %}", 2, "no Macro"),
        ("{% include '/etc/passwd' %}", 1, "no Include"),
        ("{% for i in range(3) %}{% endfor %}", 1, "cannot be called"),
        ("{% for a in mac %}{% for b in mac %}{% for c in mac %}{% endfor %}{% endfor %}{% endfor %}", 1, "loops go 2"),
        ("{% for a in [mac] recursive %}{{ loop([mac]) }}{% endfor %}", 1, "loops go 2"),
        ("{% set x %}{{ mac }}{% endset %}", 1, "no AssignBlock"),
        ("{% filter upper %}x{% endfilter %}", 1, "no FilterBlock"),
        ("{{ '\\ud800' }}", None, "surrogates not allowed"),
    ],
)
def test_what_is_refused_and_where(text: str, line: int | None, why: str) -> None:
    error = refused(text)
    assert (f"user-data.j2, line {line}" if line else "user-data.j2 cannot") in error.what
    assert why in error.why


def test_what_comes_out_is_bounded() -> None:
    doubling = "{% set a = '" + "x" * 1000 + "' %}" + "{% set a = a + a %}" * 40 + "{{ a }}"
    assert "longer than" in refused(doubling).why
    squared = "{% set a = '" + "x" * 60_000 + "' %}{{ a|replace('x', a) }}"
    assert "longer than" in refused(squared).why
    assert "longer than" in refused(squared.replace("a|replace('x', a)", "a.replace('x', a)")).why
    inside = "{% set a = '" + "x" * 60_000 + "' %}{% for c in a %}{{ a }}{% endfor %}"
    assert "what comes out" in refused(inside).why
    assert "has more than" in refused("x" * (MAX_TEXT_CHARACTERS + 1)).why


@given(lines)
def test_quoting_filters_carry_any_text(text: str) -> None:
    written = json.dumps(text, ensure_ascii=False)
    assert yaml.safe_load(filled(f"a: {{{{ {written}|yaml }}}}")) == {"a": text}
    assert json.loads(filled(f"{{{{ {written}|json }}}}")) == text
    assert shlex.split(filled(f"echo {{{{ {written}|shell }}}}")) == ["echo", text]
    root = parse_xml(filled(f'<a b="{{{{ {written}|xml }}}}">{{{{ {written}|xml }}}}</a>')).root
    assert root is not None
    assert (root.text, root.attributes["b"]) == (text, text.replace("\t", " "))


@given(
    st.text(max_size=60)
    | st.lists(
        st.sampled_from([*"{}%|.+-[]()'\" \nab", "{{ ", " }}", "{% ", " %}", "mac", "if ", "for ", "in ", *FILTERS])
    ).map("".join)
)
def test_no_text_makes_anything_but_a_user_error(text: str) -> None:
    try:
        filled(text)
    except UserError:
        return


def test_a_text_without_braces_stays_as_it_is() -> None:
    text = "#cloud-config\r\na: $x %y\n\n\n"
    assert filled(text) == text.replace("\r\n", "\n")
