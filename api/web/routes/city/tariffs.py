"""Prices: those in force, and a new one with its effect on the last sales before it is set."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from sqlalchemy.orm import Session

from api.cli.typed import class_of, credits_of, meter_of, payees_of
from api.http.dependencies import HouseHere, Reading, Writing
from api.http.policies import Staff
from api.http.same_site import require_same_site
from api.web.forms import whole, whole_or_none
from api.web.pages import AnyVisitor, FormToken, Visitor
from api.web.routes.city.confirming import Question, asked, telling
from api.web.words import Words
from ledger.bindings import Tariff
from ledger.enums import Class, Meter
from marketplace.errors import ConflictError
from marketplace.licences import queries as licences
from marketplace.licences import service
from marketplace.orders import repricing
from marketplace.participants import queries as participants
from marketplace.staff import acts
from marketplace.use_cases import queries as use_cases

router = APIRouter()

TARIFFS = "/city/tariffs"
BUYERS = (Class.COMMERCIAL, Class.PUBLIC_SERVICE, Class.SUPPLIER)
WHOLE = 10_000
LONGEST_DAYS = 65_535
LARGEST = 2**32 - 1

Field = Annotated[str, Form(max_length=60)]


class TariffChangedError(ConflictError):
    """Another tariff was set since the effects were looked at."""

    code = "tariff_changed"


class Priced:
    """The form of a tariff, as it was typed."""

    def __init__(
        self,
        class_: Annotated[str, Form(alias="class", max_length=60)] = "",
        use_case: Field = "",
        meter: Field = "",
        licence: Field = "",
        unit: Field = "",
        days: Field = "",
        quota: Field = "",
        payees: Annotated[str, Form(max_length=200)] = "",
        sharing_discount: Field = "",
        sharing_days: Field = "",
    ) -> None:
        self.typed = {
            "class": class_,
            "use_case": use_case,
            "meter": meter,
            "licence": licence,
            "unit": unit,
            "days": days,
            "quota": quota,
            "payees": payees,
            "sharing_discount": sharing_discount,
            "sharing_days": sharing_days,
        }

    def read(self, session: Session) -> Tariff:
        """The tariff, whose use case and payees there are.

        Raises:
            ClassMistypedError, MeterMistypedError, AmountMistypedError, PayeeMistypedError, NumberMistypedError,
            UnknownUseCaseError, UnknownParticipantError
        """
        typed = self.typed
        form = Tariff(
            use_case=whole_or_none(typed["use_case"], least=1, most=LARGEST) or 0,
            class_=class_of(typed["class"], BUYERS),
            meter=meter_of(typed["meter"]),
            licence_price=credits_of(typed["licence"].strip()),
            unit_price=credits_of(typed["unit"].strip()),
            licence_days=whole(typed["days"], least=1, most=LONGEST_DAYS),
            quota=whole(typed["quota"], least=1, most=LARGEST),
            sharing_discount=whole(typed["sharing_discount"] or "0", least=0, most=WHOLE),
            sharing_days=whole(typed["sharing_days"] or "90", least=1, most=LONGEST_DAYS),
            payees=payees_of(typed["payees"].replace(",", " ").split()),
        )
        if form.use_case:
            use_cases.use_case(session, form.use_case)
        for one in form.payees:
            participants.by_number(session, one.participant)
        return form


AT_FIRST = {
    "class": "commercial",
    "use_case": "",
    "meter": "run",
    "licence": "",
    "unit": "",
    "days": "90",
    "quota": "1000",
    "payees": "",
    "sharing_discount": "0",
    "sharing_days": "90",
}
Typed = Annotated[Priced, Depends(Priced)]


@router.get(TARIFFS)
def tariffs(visitor: AnyVisitor, _staff: Staff, session: Reading) -> Response:
    return tariffs_page(visitor, session, AT_FIRST)


def tariffs_page(
    visitor: Visitor,
    session: Session,
    typed: dict[str, str],
    problem: tuple[str, str] | None = None,
    status: int = 200,
) -> Response:
    newest = acts.newest(session, "tariff")
    shown = newest if newest is not None and newest.step is not acts.Step.DONE else None
    return visitor.page(
        "city/tariffs.html",
        status=status,
        here=TARIFFS,
        tariffs=licences.tariffs_in_force(session),
        classes=BUYERS,
        meters=list(Meter),
        typed=typed,
        act=shown,
        waits=shown is not None and shown.is_under_way,
        problem=problem,
    )


@router.post(TARIFFS)
def ask_about_tariff(
    request: Request, visitor: AnyVisitor, _staff: Staff, session: Reading, form: Typed, token: FormToken = ""
) -> Response:
    """Show what the last sales would have cost. Nothing is written."""
    require_same_site(request)
    visitor.require_token(token)

    def ask() -> Response:
        tariff = form.read(session)
        acts.require_quiet(session, service.about_tariff(tariff.use_case, tariff.class_))
        replaces = licences.newest_tariff(session, tariff.use_case, Class(tariff.class_))
        question = question_of(visitor.words, tariff, {**form.typed, "replaces": str(replaces)})
        return asked(
            visitor,
            question,
            "city/tariff.html",
            orders=repricing.repriced_orders(session, tariff),
            licences=repricing.repriced_licences(session, tariff),
        )

    return telling(
        visitor, ask, lambda problem, status: tariffs_page(visitor, session, form.typed, problem, status)
    )


def question_of(t: Words, tariff: Tariff, fields: dict[str, str]) -> Question:
    shares = [f"{one.participant}: {t.number(one.basis_points)}" for one in tariff.payees]
    return Question(
        title=t("city.tariff.ask"),
        action=f"{TARIFFS}/confirmed",
        fields=fields,
        button=t("city.tariff.set"),
        back=TARIFFS,
        says=[t("city.tariff.lead")],
        facts=[
            (t("city.tariff.class"), t(f"class.{int(tariff.class_)}")),
            (t("city.tariff.for"), str(tariff.use_case) if tariff.use_case else t("city.tariff.all")),
            (t("city.tariff.meter"), t(f"city.meter.{int(tariff.meter)}")),
            (t("city.tariff.licence"), t.credits(tariff.licence_price)),
            (t("city.tariff.unit"), t.credits(tariff.unit_price)),
            (t("city.tariff.days"), t.number(tariff.licence_days)),
            (t("city.tariff.quota"), t.number(tariff.quota)),
            (t("city.tariff.payees"), "; ".join(shares) or t("city.tariff.nobody")),
            (t("city.tariff.discount"), t.number(tariff.sharing_discount)),
        ],
    )


@router.post(f"{TARIFFS}/confirmed")
def set_tariff(
    request: Request,
    visitor: AnyVisitor,
    _staff: Staff,
    house: HouseHere,
    session: Writing,
    form: Typed,
    replaces: Field = "",
    token: FormToken = "",
) -> Response:
    require_same_site(request)
    visitor.require_token(token)

    def priced() -> Response:
        tariff = form.read(session)
        acts.require_quiet(session, service.about_tariff(tariff.use_case, tariff.class_))
        if replaces != str(licences.newest_tariff(session, tariff.use_case, Class(tariff.class_))):
            raise TariffChangedError("Another tariff was set meanwhile. Look at the effects again.")
        service.set_tariff(session, house, tariff)
        return visitor.led_to(TARIFFS)

    return telling(
        visitor, priced, lambda problem, status: tariffs_page(visitor, session, form.typed, problem, status)
    )
