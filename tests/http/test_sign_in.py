"""Signing in: who may, with which message, once."""

from tests.http.city import HttpCity


def test_lab_joins_and_signs_in(city: HttpCity) -> None:
    lab = city.organisation("Lab")
    answer = lab.http.get("/v1/participants/me")
    print(answer.json())
    assert answer.json()["name"] == "Lab"
