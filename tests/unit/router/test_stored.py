"""What later requests may refer to, and what is forgotten."""

from __future__ import annotations

import json
from typing import Any

import pytest

from anvil_serving._core import Request
from anvil_serving.errors import BodyTooLarge, UnknownResponse
from anvil_serving.router.stored import StoredResponses


def _request(**members: Any) -> Request:
    return Request.decode("responses", json.dumps({"model": "m", "input": "question", **members}).encode())


def _item(item_id: str, text: str = "answer") -> bytes:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return json.dumps({"type": "message", "id": item_id, "role": "assistant", "content": content}).encode()


def _input(request: Request) -> list[dict[str, Any]]:
    items = json.loads(b"[" + request.input_items() + b"]")
    assert isinstance(items, list)
    return items


def test_a_request_that_refers_to_nothing_stays_itself() -> None:
    request = _request()
    assert StoredResponses().resumed(request) is request


def test_the_previous_response_comes_before_the_requests_own_input() -> None:
    stored = StoredResponses()
    stored.keep("resp_1", _request(), [_item("msg_1")])
    resumed = stored.resumed(_request(input="and then?", previous_response_id="resp_1"))
    assert resumed.previous_response is None
    assert [item["content"] for item in _input(resumed) if item["role"] == "user"] == ["question", "and then?"]
    assert [item["role"] for item in _input(resumed)] == ["user", "assistant", "user"]


def test_a_chain_of_responses_holds_the_whole_conversation() -> None:
    stored = StoredResponses()
    stored.keep("resp_1", _request(), [_item("msg_1", "one")])
    second = stored.resumed(_request(input="two?", previous_response_id="resp_1"))
    stored.keep("resp_2", second, [_item("msg_2", "two")])
    third = stored.resumed(_request(input="three?", previous_response_id="resp_2"))
    assert [item["role"] for item in _input(third)] == ["user", "assistant"] * 2 + ["user"]


def test_an_item_stands_where_it_is_referred_to() -> None:
    stored = StoredResponses()
    stored.keep("resp_1", _request(), [_item("msg_1")])
    own = {"role": "user", "content": "go on"}
    resumed = stored.resumed(_request(input=[{"type": "item_reference", "id": "msg_1"}, own]))
    assert [item.get("id") for item in _input(resumed)] == ["msg_1", None]
    assert resumed.item_references == []


@pytest.mark.parametrize(
    "members",
    [{"previous_response_id": "resp_x"}, {"input": [{"type": "item_reference", "id": "msg_x"}]}],
)
def test_what_is_not_stored_is_a_named_error(members: dict[str, Any]) -> None:
    stored = StoredResponses()
    stored.keep("resp_1", _request(), [_item("msg_1")])
    with pytest.raises(UnknownResponse):
        stored.resumed(_request(**members))


def test_the_one_used_longest_ago_is_forgotten_with_its_items() -> None:
    stored = StoredResponses(max_responses=2)
    for number in (1, 2):
        stored.keep(f"resp_{number}", _request(), [_item(f"msg_{number}")])
    stored.resumed(_request(previous_response_id="resp_1"))
    stored.keep("resp_3", _request(), [_item("msg_3")])
    assert len(stored) == 2
    stored.resumed(_request(previous_response_id="resp_1"))
    with pytest.raises(UnknownResponse):
        stored.resumed(_request(previous_response_id="resp_2"))
    with pytest.raises(UnknownResponse):
        stored.resumed(_request(input=[{"type": "item_reference", "id": "msg_2"}]))


def test_the_bytes_are_bounded() -> None:
    stored = StoredResponses(max_bytes=10_000)
    for number in range(100):
        stored.keep(f"resp_{number}", _request(), [_item(f"msg_{number}", "x" * 1_000)])
    assert 0 < len(stored) < 10
    stored.keep("resp_large", _request(), [_item("msg_large", "x" * 20_000)])
    with pytest.raises(UnknownResponse):
        stored.resumed(_request(previous_response_id="resp_large"))
    assert len(stored) > 0


def test_references_count_toward_a_limit_each_time() -> None:
    stored = StoredResponses(max_bytes=10_000)
    stored.keep("resp_1", _request(), [_item("msg_1", "x" * 2_000)])
    references = [{"type": "item_reference", "id": "msg_1"}]
    assert len(_input(stored.resumed(_request(input=references * 4)))) == 4
    with pytest.raises(BodyTooLarge):
        stored.resumed(_request(input=references * 5))
    with pytest.raises(BodyTooLarge):
        stored.resumed(_request(input=references * 4, previous_response_id="resp_1"))


def test_an_id_that_two_answers_use_for_different_items_means_neither() -> None:
    stored = StoredResponses(max_responses=2)
    reference = _request(input=[{"type": "item_reference", "id": "msg_1"}])
    stored.keep("resp_1", _request(), [_item("msg_1", "one's")])
    stored.keep("resp_2", _request(), [_item("msg_1", "another's")])
    with pytest.raises(UnknownResponse, match="other items"):
        stored.resumed(reference)
    stored.keep("resp_3", _request(), [])  # the first is forgotten
    assert "another's" in json.dumps(_input(stored.resumed(reference)))


def test_to_refer_to_an_item_is_to_use_its_response() -> None:
    stored = StoredResponses(max_responses=2)
    for number in (1, 2):
        stored.keep(f"resp_{number}", _request(), [_item(f"msg_{number}")])
    stored.resumed(_request(input=[{"type": "item_reference", "id": "msg_1"}]))
    stored.keep("resp_3", _request(), [])
    stored.resumed(_request(previous_response_id="resp_1"))


def test_an_answer_without_ids_is_kept_all_the_same() -> None:
    stored = StoredResponses()
    stored.keep("resp_1", _request(), [b'{"type":"reasoning","id":7,"summary":[]}'])
    assert [item["type"] for item in _input(stored.resumed(_request(previous_response_id="resp_1")))] == [
        "message",
        "reasoning",
        "message",
    ]
