"""Words of the printed report that programs state in Chinese alone: what each value is for, and the
law it rests on. Pure.
"""

from typing import Final

_PURPOSES: Final = {
    "属于谁的记录": "whose record it is",
    "决定提供哪些服务": "to decide which services to offer",
    "判断是否需先就诊": "to know whether a doctor should be seen first",
    "协助建册": "to help get the handbook",
    "就诊时衔接": "to connect with the clinic",
    "早孕建册率": "share of early handbooks",
    "推算孕周": "to work out the week of pregnancy",
    "推算孕周，只问一次": "to work out the week of pregnancy; asked once",
    "安排产检提醒": "to remind of check-ups",
    "核对孕周": "to check the week of pregnancy",
    "按本人意愿联系": "to contact you as you wish",
    "按约定联系": "to contact you as agreed",
    "转诊与衔接": "to refer you and connect with the clinic",
    "紧急时联系": "to contact somebody in an emergency",
    "产检前提醒": "to remind you before a check-up",
    "帮助解决困难": "to help with difficulties",
    "紧急处置": "to act in an emergency",
    "提前准备分娩": "to prepare for the birth",
    "安排产后访视": "to plan visits after the birth",
    "不重复打扰": "not to trouble you twice",
    "提醒产后检查": "to remind of the check after the birth",
    "安排护士联系": "to have a nurse contact you",
    "让村里知道谁更需要帮助，不含病情": "to know who needs more help, without the illness",
    "按本人意愿照护": "to care as you wish",
    "发现风险": "to find risks",
    "按风险安排照护": "to plan care by risk",
    "心理支持": "emotional support",
    "产后访视率": "share of visits after birth",
    "称呼与核对本人": "to address you and know that it is you",
    "核对本人": "to know that it is you",
    "核对本人，未成年人保护": "to know that it is you; protection of minors",
    "由所在村居提供服务": "your village provides the service",
    "属于谁的同意": "whose consent it is",
    "同意哪一项": "what was agreed to",
    "是否同意": "whether you agreed",
    "证明告知内容": "to prove what you were told",
    "证明告知时间": "to prove when you were told",
    "证明同意转给谁": "to prove whom you agreed to be referred to",
    "到期重新告知；不频繁询问": "to tell you again in time, and not to ask often",
    "证明同意方式": "to prove how you agreed",
    "未满14周岁的同意人": "who consents for somebody under 14",
    "属于谁的访视": "whose visit it was",
    "访视记录": "record of visits",
    "安排下次联系": "to plan the next contact",
    "属于谁的转诊": "whose referral it is",
    "转诊的来由": "where the referral came from",
    "追问结果": "to ask what became of it",
    "尊重本人意愿": "to respect your wish",
    "确认得到救治": "to make sure that you were treated",
    "转诊结果及时率": "how soon outcomes are known",
    "需要保护的人": "who needs protection",
    "证明及时报告": "to prove that it was reported in time",
    "停止联系": "to stop contacting you",
    "提供合适的服务": "to offer what suits you",
    "安排复查": "to plan a check",
    "到期提醒": "to remind you before it runs out",
    "注射提醒": "to remind you of the injection",
    "改进服务": "to improve the service",
    "处理不适": "to help with problems",
    "尊重本人决定": "to respect your decision",
    "提供备孕资料": "to give information before a pregnancy",
    "备货": "to keep supplies",
    "预约门诊": "to make an appointment",
    "用药安全": "safety of the method",
    "确认效果": "to make sure that it works",
    "属于哪处房屋": "which dwelling it belongs to",
    "走访台账": "register of visits",
    "回复核查": "to answer a verification",
    "房屋台账": "register of dwellings",
    "居住安全": "safety of the dwelling",
    "联系出租人": "to contact the lessor",
    "告知备案办法": "to explain how a lease is filed",
    "居住服务": "services for residents",
    "居住登记": "register of residents",
    "核对是否同一人": "to know whether it is the same person",
    "联系本人": "to contact you",
    "属于谁的居住": "whose stay it is",
    "居住台账": "register of stays",
    "建立居住人员": "to begin a resident's record",
    "到期前联系": "to contact you before the lease ends",
    "联系承租人": "to contact the tenant",
    "提供服务": "to provide services",
    "台账保持准确": "to keep the register right",
}
_STANDINGS: Final = {
    "given": {"zh": "同意", "en": "agreed"},
    "declined": {"zh": "不参加", "en": "declined"},
}
_BASES: Final = {
    "PIPL 13; 居住登记": "PIPL 13; registration of residence",
    "PIPL 14-15": "PIPL 14-15 (consent)",
    "PIPL 23": "PIPL 23 (consent to a named recipient)",
    "PIPL 29": "PIPL 29 (separate consent)",
    "PIPL 31": "PIPL 31 (guardian's consent)",
    "住房租赁条例": "Regulation on Housing Rental",
    "未成年人保护法 11": "Law on the Protection of Minors 11",
}
_BASES_ZH: Final = {
    "PIPL 13; 居住登记": "个人信息保护法第13条；居住登记",
    "PIPL 14-15": "个人信息保护法第14、15条（同意）",
    "PIPL 23": "个人信息保护法第23条（同意提供给指明的接收方）",
    "PIPL 29": "个人信息保护法第29条（单独同意）",
    "PIPL 31": "个人信息保护法第31条（监护人同意）",
    "未成年人保护法 11": "未成年人保护法第11条",
}


def purpose(text: str, lang: str) -> str:
    """What a value is for; as the program states it where there is no other wording."""
    return _PURPOSES.get(text, text) if lang == "en" else text


def basis(text: str, lang: str) -> str:
    """The law it rests on."""
    return (_BASES if lang == "en" else _BASES_ZH).get(text, text)


def standing(code: str, lang: str) -> str:
    """Whether somebody agreed; blank for any other code."""
    return _STANDINGS.get(code, {}).get(lang, "")


def has_english(text: str) -> bool:
    """Whether a purpose can be told in English."""
    return text in _PURPOSES
