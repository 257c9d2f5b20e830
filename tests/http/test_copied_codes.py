"""The digest of a code is public once its consent is on the ledger: somebody may copy it into a consent of his own."""

from tests.http.asking import PEOPLE, Asking, Citizen
from tests.http.city import key


def test_the_code_on_annas_paper_ends_hers_and_whatever_copied_its_digest(asking: Asking) -> None:
    anna = asking.anna
    asking.city.office.register("person", ["999"])
    mallory = Citizen(asking.city, "999", asking.letter_to("999"), code=anna.code)
    receipts = [anna.say_yes(asking.use_case), mallory.say_yes(asking.use_case, keep_code=False)]

    answer = asking.city.anybody.post("/v1/revocations", json={"code": str(anna.code)}, headers=key())
    asking.city.pump()

    assert answer.json()["message"] == "revoke:" + receipts[0].rsplit("/0x")[1]
    assert [asking.city.anybody.get(one).json()["how"] for one in receipts] == ["code", "code"]
    assert asking.order()["cohort_size"] == PEOPLE - 1
    again = asking.city.anybody.post("/v1/revocations", json={"code": str(anna.code)}, headers=key())
    assert (again.status_code, again.json()["code"]) == (409, "consent_already_revoked")


def test_annas_one_click_ends_hers_and_not_what_copied_its_digest(asking: Asking) -> None:
    anna = asking.anna
    asking.city.office.register("person", ["999"])
    mallory = Citizen(asking.city, "999", asking.letter_to("999"), code=anna.code)
    hers, his = anna.say_yes(asking.use_case), mallory.say_yes(asking.use_case, keep_code=False)

    stop = hers.replace("/v1/consents", "/v1/citizen/consents") + "/stop"
    assert anna.http.post(stop, headers=key()).status_code == 202
    asking.city.pump()

    assert asking.city.anybody.get(hers).json()["state"] == "stopped"
    assert asking.city.anybody.get(his).json()["state"] == "in_force"
