"""What can go wrong with engagements."""

from app.core.errors import Conflict


class EngagementSigned(Conflict):
    """After the first signature what is stated changes by an act with a reason only."""

    code, title_en, title_zh = "engagement_signed", "Engagement is signed", "委托文件已签署"


class EngagementEnded(Conflict):
    """The mandate has ended."""

    code, title_en, title_zh = "engagement_ended", "Engagement has ended", "委托关系已终止"
