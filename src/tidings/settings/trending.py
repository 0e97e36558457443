"""The settings of trending: what votes are worth, and how fast they age."""

from __future__ import annotations

from pydantic import Field

from tidings.settings.group import Group


class TrendingSettings(Group):
    """How papers are ranked by votes; what each number does is in docs/trending.md."""

    half_life: float = Field(
        36.0, gt=0, le=100_000, description="Hours after which a vote counts half in a window of three days."
    )
    own: float = Field(3.0, ge=0, le=1_000, description="What a vote given here is worth in upvotes from elsewhere.")
    doubt: float = Field(3.0, gt=0, le=1_000, description="Votes up to which a paper is taken to be like its field.")
    daily: float = Field(20.0, gt=0, le=10_000, description="What the votes of one account weigh together in a day.")
    newcomer: float = Field(0.1, ge=0, le=1, description="What a vote of an account weighs on its first day.")
    ramp: float = Field(5.0, gt=0, le=1_000, description="Days after which a new account's vote weighs a whole one.")
    submissions: int = Field(20, ge=0, le=10_000, description="Papers that one account can put forward in a day.")
