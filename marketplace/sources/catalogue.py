"""The sources of the demo city, by name, with the one sentence that must accompany each of them."""

from collections.abc import Iterable, Mapping

from marketplace.sources.errors import UnknownSourceError
from marketplace.sources.model import Source
from marketplace.sources.wheels import ACTIVITYSIM, CITYLEARN, ISLP, RIVER, STATSMODELS

TRAVEL = Source(
    name="travel",
    title="People, households and trips of one weekday in San Francisco",
    wheel=ACTIVITYSIM,
    honesty="model",
    sentence="A synthetic population fitted to census samples; its trips are a travel model's output.",
    licence="BSD-3-Clause",
    citation="ActivitySim 1.6.0, example_estimation/data_sf, by the ActivitySim consortium.",
)
HOMES = Source(
    name="homes",
    title="Electricity of 17 homes over one year, hour by hour",
    wheel=CITYLEARN,
    honesty="real, 17 homes",
    sentence="Metered homes with solar roofs in one Californian development, 2016 to 2017; not a city's meters.",
    licence="MIT",
    citation="CityLearn 2.0.0, citylearn_challenge_2022_phase_all, by the Intelligent Environments Laboratory.",
)
BIKES = Source(
    name="bikes",
    title="Shared bikes in use, hour by hour over one year, with the weather",
    wheel=ISLP,
    honesty="real",
    sentence="Counts of a bike share in Washington, DC, hour by hour in 2011. No person is in them.",
    licence="BSD-3-Clause",
    citation="James, Witten, Hastie, Tibshirani, Taylor: ISLP 0.6.0, Bikeshare; after Fanaee-T and Gama (2013).",
)
VISITS = Source(
    name="visits",
    title="Doctor visits of insured people over up to five years",
    wheel=STATSMODELS,
    honesty="real",
    sentence="People of the RAND Health Insurance Experiment, United States, 1970s and 1980s; sensitive.",
    licence="Public domain (package: BSD-3-Clause)",
    citation="RAND Health Insurance Experiment, after Cameron and Trivedi (2005); statsmodels 0.15.0, randhie.",
)
WATER = Source(
    name="water",
    title="Water flow through one pipe, hour by hour over two months",
    wheel=RIVER,
    honesty="real",
    sentence="One flow sensor in Italy, spring 2022, with its leaks and repairs. No person is in it.",
    licence="BSD-3-Clause",
    citation="Water flow, donated by Tecnojest s.r.l.; river 0.26.1.",
)

SOURCES: Mapping[str, Source] = {each.name: each for each in (TRAVEL, HOMES, BIKES, VISITS, WATER)}


def chosen(names: Iterable[str], sources: Mapping[str, Source] = SOURCES) -> tuple[Source, ...]:
    """The named sources in the order of `names`, each once; all of them when no name is given.

    Raises:
        UnknownSourceError: a name is not in `sources`.
    """
    wanted = tuple(dict.fromkeys(names)) or tuple(sources)
    for name in wanted:
        if name not in sources:
            raise UnknownSourceError(
                f"There is no source called {name!r}. Choose from: {', '.join(sources)}."
            )
    return tuple(sources[name] for name in wanted)
