"""Names of parties, made comparable (pure): a key for each name, and the core (字号 and trade) of an organisation's.

The key leaves out what is only a way of writing: width, case, traditional characters, blanks and punctuation. The core
leaves out where an organisation sits and in which legal form, as far as enough is left to tell it from others. Neither
tells that two are the same: they find what a person has to look at. Keys are kept in the database, so a change of what
they are needs a migration that makes them anew (`tests/unit/test_names.py` holds the table of characters).
"""

import re
import unicodedata
from functools import cache, lru_cache

from opencc import OpenCC

from app.clients.places import PLACES

# An organisation's core of fewer characters is compared as the beginning of another's, where the trade name stands.
CONTAINABLE = 3
_BEGINNING = 2
# What is left of a name beside the place has to say more than a trade: 上海银行 and 北京银行 are two.
_TRADE_WORDS = """
银行 保险 证券 信托 基金 投资 科技 技术 贸易 商贸 实业 建设 建筑 地产 物业 电力 电信 移动 联通 铁路 航空 机场 港口
医院 大学 学院 中学 小学 学校 酒店 宾馆 饭店 餐饮 食品 医药 药业 化工 钢铁 机械 电子 汽车 物流 运输 传媒 文化 广告
咨询 服务 教育 农业 能源 石油 石化 煤炭 矿业 旅游 出版 日报 法院 电视 网络 软件 信息 通信 控股 发展 管理 国际 总部
"""
_TRADES = frozenset(_TRADE_WORDS.split())
_FORMS = (
    "股份有限公司", "有限责任公司", "股份公司", "有限公司", "无限公司", "集团公司", "总公司", "公司",
    "特殊普通合伙企业", "有限合伙企业", "普通合伙企业", "特殊普通合伙", "有限合伙", "普通合伙", "合伙企业",
    "个人独资企业", "企业集团", "集团", "coltd", "companylimited", "limitedcompany", "limited", "ltd", "incorporated",
    "inc", "llc", "llp", "corporation", "corp", "gmbh", "plc",
)  # fmt: skip
_BRANCH = re.compile(r"(分公司|分所|分行|支行|办事处|代表处)$")
_BRACKETS = re.compile(r"[(\[【〔<《]([^()\[\]【】〔〕<>《》]*)[)\]】〕>》]")
_SEAT = re.compile(r"^(特别行政区|壮族自治区|回族自治区|维吾尔自治区|自治区|省|市(?![政场民]))")
_DISTRICT = re.compile(r"^[\u4e00-\u9fff]{2,3}[区县市]")
_LONGEST_PLACE = max(map(len, PLACES))
_LONGEST_SPAN = 40


@cache
def _converter() -> OpenCC:
    return OpenCC("t2s")


@lru_cache(maxsize=1 << 16)
def _simplified(character: str) -> str:
    # One by one: with its neighbours, a character of a part could become another than the same in the whole.
    return str(_converter().convert(character))


@lru_cache(maxsize=1 << 12)
def _plain(name: str) -> str:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return unicodedata.normalize("NFKC", "".join(map(_simplified, folded)))


def _bare(text: str) -> str:
    if text.isalnum():
        return text
    return "".join(character for character in text if unicodedata.category(character)[0] in "LMN")


def key_of(name: str) -> str:
    """Give the form by which names are equal: width, case, traditional characters, blanks, punctuation set aside."""
    plain = _plain(name)
    return _bare(plain) or plain.strip()


def core_of(name: str) -> str:
    """Give what is left of an organisation's name without brackets, legal forms, branch and leading places."""
    plain = _plain(name)
    unbracketed = _bare(_BRACKETS.sub(lambda found: "" if _says_little(_bare(found[1])) else found[0], plain))
    return _without_place(_without_form(unbracketed)) or key_of(name)


def _says_little(inside: str) -> bool:
    return not _without_form(_unplaced(inside)) or inside in PLACES


def _without_form(text: str) -> str:
    """Take legal forms off the end as long as something is left; a branch with the place before it too."""
    branch = _BRANCH.search(text)
    if branch and len(text) - len(branch[0]) >= _BEGINNING:
        text = text[: branch.start()]
        placed = next((place for place in _ends(text) if place in PLACES), "")
        # 甲公司上海分公司, but not 上海分公司 alone.
        text = text.removesuffix(placed) if len(text) - len(placed) >= _BEGINNING else text
    for form in _FORMS:
        if text.endswith(form):
            return _without_form(text.removesuffix(form))
    return text


def _ends(text: str) -> list[str]:
    return [text[-length:] for length in range(min(_LONGEST_PLACE, len(text)), 1, -1)]


def _without_place(text: str) -> str:
    """Take leading places off; as they are where too little would be left."""
    rest = _unplaced(text)
    telling = len(rest) >= CONTAINABLE or (len(rest) == _BEGINNING and rest not in _TRADES)
    return rest if telling else text


def _unplaced(text: str) -> str:
    while True:
        lengths = range(min(_LONGEST_PLACE, len(text)), 1, -1)
        place = next((text[:length] for length in lengths if text[:length] in PLACES), None)
        if place is None:
            return text
        text = text[len(place) :]
        if seat := _SEAT.match(text):
            text = text[seat.end() :]
            # A district stands only after the word for city or province: 北京市海淀区…, not 北京海淀区….
            district = _DISTRICT.match(text)
            if district and not 0 < len(text) - district.end() < _BEGINNING:
                text = text[district.end() :]


def grams_of(core: str) -> list[str]:
    """Give the pairs of neighbouring characters: what contains `core` has them all. Each once, in order."""
    return list(dict.fromkeys(core[at : at + 2] for at in range(len(core) - 1)))


def spans_of(core: str) -> list[str]:
    """Give the parts of a core that another core may be: itself, its beginning, and all of it that can be contained."""
    found = dict.fromkeys([core, core[:_BEGINNING]])
    for start in range(len(core)):
        for end in range(start + CONTAINABLE, min(len(core), start + _LONGEST_SPAN) + 1):
            found[core[start:end]] = None
    return [span for span in found if len(span) >= _BEGINNING]
