"""What is trending: pure functions of counts seen outside, votes of our own people, and now.

``weigh`` says what each own vote weighs, ``usual_levels`` what is usual in a category, ``trending`` ranks with every
part of the score named, ``early`` and ``Forecaster.forecast`` say how many votes papers will have in the end, and
``outlook`` which of them are rising.
"""

from tidings.rank.trending.forecast import Forecast, Forecaster, load_forecaster
from tidings.rank.trending.gains import KINDS, Observations
from tidings.rank.trending.known import Early, early
from tidings.rank.trending.levels import usual_levels
from tidings.rank.trending.rising import Outlook, outlook
from tidings.rank.trending.scores import Parts, Ranking, Weights, total_votes, trending
from tidings.rank.trending.signals import Signals, Votes
from tidings.rank.trending.voters import Trust, Weighed, weigh

__all__ = [
    "KINDS",
    "Early",
    "Forecast",
    "Forecaster",
    "Observations",
    "Outlook",
    "Parts",
    "Ranking",
    "Signals",
    "Trust",
    "Votes",
    "Weighed",
    "Weights",
    "early",
    "load_forecaster",
    "outlook",
    "total_votes",
    "trending",
    "usual_levels",
    "weigh",
]
