"""What pyxform objects to, in Chinese as well: refusals by its own error codes, and by the wording
of those that have none.

In English pyxform speaks for itself (`{said}`). Pure; pyxform isn't imported here.
"""

import re
from typing import TypeAlias

Words: TypeAlias = tuple[str, str]

THERE = ("请在该处改正。", "Correct it there.")
_SAVE_TO = (
    "请检查 save_to 与 entities 表的写法。",
    "Check save_to against the entities sheet.",
)
_RANGE = ("请在 parameters 列中改正。", "Correct it under parameters.")

# pyxform's code → (Chinese, remedy)
BY_CODE: dict[str, tuple[str, Words]] = {
    "ENTITY_001": ("填了 save_to，但没有 entities 表", _SAVE_TO),
    "ENTITY_002": ("属性“{saveto}”已由第 {other_row} 行保存", _SAVE_TO),
    "ENTITY_003": ("组和重复组不能保存为实体的属性", ("请移走 save_to。", "Remove save_to here.")),
    "ENTITY_004": ("entities 表中没有列表“{dataset}”", _SAVE_TO),
    "ENTITY_005": ("新建实体“{dataset}”需要 label", ("请填写 label。", "Give it a label.")),
    "ENTITY_006": ("实体“{dataset}”缺少 update_if", ("请填写 update_if。", "Give it update_if.")),
    "ENTITY_007": (
        "更新实体“{dataset}”需要 entity_id",
        ("请填写 entity_id。", "Give it entity_id."),
    ),
    "ENTITY_008": (
        "有多个实体时，save_to 要写明列表名",
        ("请写成“列表名#属性名”。", "Write it as list_name#property."),
    ),
    "ENTITY_009": ("这个范围（{scope}）里已有第 {other_row} 行的实体", _SAVE_TO),
    "ENTITY_011": ("实体“{dataset}”引用了不同范围的问题（{other_scope} 与 {scope}）", _SAVE_TO),
    "ENTITY_012": ("实体“{dataset}”引用了不同范围的问题（{other_scope} 与 {scope}）", _SAVE_TO),
    "ENTITY_013": ("save_to 里最多只能有一个 #", _SAVE_TO),
    "HEADER_001": (
        "“{sheet_name}”表缺少标题行",
        ("请在第一行写列名。", "Write column names first."),
    ),
    "HEADER_002": (
        "“{sheet_name}”表有两列意思相同：“{other}”和“{header}”",
        ("请只保留一列。", "Keep one of them."),
    ),
    "HEADER_003": (
        "“{sheet_name}”表缺少必需的列：{missing}",
        ("请补上这些列。", "Add these columns."),
    ),
    "HEADER_004": ("列名不能为空，也不能有空格", ("请改列名。", "Rename the column.")),
    "HEADER_005": (
        "entities 表有不支持的列：{columns}",
        ("请删除这些列。", "Remove these columns."),
    ),
    "LABEL_001": ("这个选项没有 label", ("请填写 label。", "Give it a label.")),
    "NAMES_001": (
        "同一组里已有叫“{value}”的问题",
        ("请改名，每个名称在其组内只用一次。", "Rename one of them."),
    ),
    "NAMES_002": ("名称“{value}”与另一个只差大小写", ("请改名。", "Rename one of them.")),
    "NAMES_003": ("重复组不能叫“{value}”", ("请改名。", "Rename it.")),
    "NAMES_004": ("已有叫“{value}”的重复组", ("请改名。", "Rename one of them.")),
    "NAMES_005": ("名称“meta”是保留的", ("请改名。", "Rename it.")),
    "NAMES_006": ("这个选项没有 name", ("请填写 name（选项的代码）。", "Give it a name.")),
    "NAMES_007": ("同一列表里有重复的选项代码", ("请改 name，每个代码只用一次。", "Rename one.")),
    "NAMES_008": (
        "名称只能由字母、数字、下划线、- 和 . 组成，且以字母或下划线开头",
        ("请改名，例如 visit_date。", "Rename it, for example visit_date."),
    ),
    "NAMES_009": (
        "“{name}”只能由字母、数字、下划线、- 和 . 组成，且以字母或下划线开头",
        ("请改名。", "Rename it."),
    ),
    "NAMES_010": ("名称不能以两个下划线开头", ("请改名。", "Rename it.")),
    "NAMES_011": ("名称里不能有句点", ("请改名。", "Rename it.")),
    "NAMES_012": ("名称不能是 name 或 label", ("请改名。", "Rename it.")),
    "NAMES_013": (
        "没有“{sheet}”表，只有相近的：{candidates}",
        ("请改表名。", "Rename the sheet."),
    ),
    "NAMES_014": ("entities 表里列表名重复", ("请改名。", "Rename one of them.")),
    "NAMES_015": ("实体没有 list_name", ("请填写 list_name。", "Give it a list_name.")),
    "PYREF_001": ("引用的写法不对", ("请写成 ${{问题名}}。", "Write it as ${{name}}.")),
    "PYREF_002": ("多个引用之间要用逗号分开", ("请加逗号。", "Put commas between them.")),
    "PYREF_003": (
        "没有叫“{q}”的问题",
        ("请检查 ${{…}} 里的名称。", "Check the name in ${{}}."),
    ),
    "PYREF_004": (
        "叫“{q}”的问题不止一个",
        ("请给被引用的问题改一个唯一的名称。", "Give the question a name of its own."),
    ),
    "RANGE_001": ("range 题的参数“{name}”要是数字", _RANGE),
    "RANGE_002": ("range 题的参数“{name}”不能是 0", _RANGE),
    "RANGE_003": ("range 题的参数“{name}”比范围还大", _RANGE),
    "RANGE_004": ("range 题的参数“{name}”要是 step 的倍数", _RANGE),
    "RANGE_005": ("range 题的参数“{name}”要在 start 与 end 之间", _RANGE),
    "RANGE_006": ("range 题的 tick_labelset 要是 choices 表里的列表", _RANGE),
    "RANGE_007": ("no-ticks 时 tick_labelset 只能有两项", _RANGE),
    "RANGE_008": ("这些 range 参数与所选 appearance 不能同用", _RANGE),
    "RANGE_009": ("tick_labelset 的选项值都要是数字", _RANGE),
    "RANGE_010": ("tick_labelset 的选项要在 start 与 end 之间", _RANGE),
    "RANGE_011": ("tick_labelset 的选项要与“{name}”对得上", _RANGE),
    "RANGE_012": ("no-ticks 时 tick_labelset 的选项只能是 start 和 end", _RANGE),
    "SURVEY_001": (
        "这个“end {type}”没有对应的“begin {type}”",
        ("请补上开头，或删除这一行。", "Add the begin row, or remove this one."),
    ),
    "SURVEY_002": (
        "“begin {type}”（{name}）没有结尾",
        ("请补上“end {type}”一行。", "Add a row end {type}."),
    ),
    "SURVEY_003": ("参数 incremental 只能是 true，或不写", _RANGE),
    "SURVEY_004": ("参数要写成 键=值，用空格分开", _RANGE),
    "SURVEY_005": ("没有这些参数：{rejected}；这种题可用 {accepted}", _RANGE),
    "SURVEY_006": ("参数 reference-geometry 指向的列表或重复组不存在", _RANGE),
    "SURVEY_007": ("参数 capture-accuracy 要是数字", _RANGE),
    "SURVEY_008": ("参数 warning-accuracy 要是数字", _RANGE),
    "SURVEY_009": ("参数 allow-mock-accuracy 只能是 true 或 false", _RANGE),
}

# our name → (its wording, column, Chinese, remedy)
BY_WORDING: dict[str, tuple[str, str, str, Words]] = {
    "no_type": (
        r"Question with no type",
        "type",
        "这一行没有写题型",
        ("请填写 type，或删除这一行。", "Give it a type, or remove the row."),
    ),
    "no_name": (
        r"Question or group with no name",
        "name",
        "这一行没有写名称",
        ("请填写 name。", "Give it a name."),
    ),
    "no_label": (
        r"The survey element named '(?P<name>.*)' has no label or hint",
        "label",
        "这个问题没有 label",
        ("请填写 label。", "Give it a label."),
    ),
    "no_question": (
        r"problem trying to replace \$\{(?P<q>[^}]*)\}",
        "",
        "“{q}”不是这份表单里唯一的问题名",
        (
            "请检查 ${{…}} 里的名称：要有这个问题，而且只有一个。",
            "Check the name in ${{}}: the form must have one such question.",
        ),
    ),
    "trigger_unseen": (
        r"question \$\{(?P<by>[^}]*)\} is not user-visible .* for question \$\{(?P<name>[^}]*)\}",
        "trigger",
        "“{by}”不显示给填写的人，不能用作 trigger",
        ("请用一个要人回答的问题作 trigger。", "Let a question that somebody answers trigger it."),
    ),
    "no_calculation": (
        r"Missing calculation",
        "calculation",
        "calculate 题没有写计算式",
        ("请填写 calculation。", "Give it a calculation."),
    ),
    "no_list": (
        r"List name not in choices sheet: (?P<list>.+)",
        "type",
        "choices 表里没有列表“{list}”",
        ("请在 choices 表中添加，或改正列表名。", "Add it on the choices sheet."),
    ),
    "no_choices_sheet": (
        r"There should be a choices sheet",
        "type",
        "有选择题，但没有 choices 表",
        ("请添加 choices 表（list_name、name、label）。", "Add a choices sheet."),
    ),
    "no_survey": (
        r"You must have a sheet named .*survey",
        "",
        "没有名为 survey 的表",
        ("请把问题写在名为 survey 的表里。", "Put the questions on a sheet named survey."),
    ),
    "unknown_type": (
        r"Unknown question type '(?P<type>.*)'",
        "type",
        "没有“{type}”这种题型",
        ("请检查 type 的写法。", "Check how type is spelled."),
    ),
    "filter_or_other": (
        r"Choice filter not supported with or_other",
        "choice_filter",
        "or_other 不能与 choice_filter 同用",
        ("请改为在列表里添加“其他”一项。", "Add an “other” choice to the list instead."),
    ),
    "space_in_choice": (
        r"Choice names with spaces .*See \[(?P<choice>.*)\] in \[(?P<list>.*)\]",
        "name",
        "多选题的选项代码不能有空格：“{choice}”（{list}）",
        ("请去掉空格。", "Remove the space."),
    ),
    "double_column": (
        r"Duplicate column header: (?P<header>.+)",
        "",
        "有两列都叫“{header}”",
        ("请只保留一列。", "Keep one of them."),
    ),
    "date_cell": (
        r"The xls file provided has an invalid date",
        "",
        "有日期单元格无法读取",
        ("请把该单元格改成文本。", "Make that cell text."),
    ),
}

PATTERNS = {name: re.compile(pattern, re.DOTALL) for name, (pattern, *_) in BY_WORDING.items()}


def catalogue() -> dict[str, tuple[Words, Words]]:
    """Message and remedy by our codes: `pyxform_names_001`, `pyxform_no_type`; `pyxform` for the
    rest.
    """
    found = {"pyxform": (("表格转换程序报告（英文原文）：{said}", "{said}"), THERE)}
    for code, (zh, remedy) in BY_CODE.items():
        found[f"pyxform_{code.lower()}"] = ((zh, "{said}"), remedy)
    for name, (_, _, zh, remedy) in BY_WORDING.items():
        found[f"pyxform_{name}"] = ((zh, "{said}"), remedy)
    return found
