"""Every reason why a form is refused, with what to do, in Chinese and English: one catalogue, by
code.

Texts may hold {parameters}; {column} and {question} are always there. A message is a clause without
a full stop; a remedy is a sentence. Whoever finds a problem names the code, `forms/problems.py`
words it.
"""

from typing import NamedTuple

from .file_words import FILE_WORDS
from .pyxform_words import catalogue as pyxform_catalogue


class Refusal(NamedTuple):
    """message: what is wrong; remedy: what to do. Each `(zh, en)`."""

    message: tuple[str, str]
    remedy: tuple[str, str]


_CORRECT = ("请改正这个表达式。", "Correct the expression.")
_REMOVE = ("请删除它。", "Remove it.")

REFUSALS: dict[str, Refusal] = {
    # ---- words of the form language (support.py says which, and why)
    "word_refused": Refusal(
        ("不支持“{name}”：{why}", "“{name}” is not supported: {why}"), ("{remedy}。", "{remedy}.")
    ),
    "word_unknown": Refusal(
        ("不支持“{name}”", "“{name}” is not supported"),
        ("请检查拼写，或删除它。", "Correct its spelling, or remove it."),
    ),
    # ---- questions and their columns
    "choices_unknown": Refusal(
        ("选项的来源无法识别", "its choices come from nowhere known here"),
        (
            "请使用 choices 表、登记册或附带文件中的列表，或重复组里的问题。",
            "Use a list of the choices sheet, the registry or a file, or a question in a repeat.",
        ),
    ),
    "column_misspelt": Refusal(
        (
            "“{heading}”列会被忽略；它像是“{meant}”",
            "the column “{heading}” would be passed over; “{meant}” seems to be meant",
        ),
        (
            "请改正列名；如果是自己的备注，请换一个名称。",
            "Correct its name; if it is a note of your own, call it something else.",
        ),
    ),
    "node_twice": Refusal(
        ("“{name}”出现了两次，却不是重复组", "“{name}” is there twice and is no repeat"),
        ("请只留一个。", "Keep one of them."),
    ),
    "odk_refuses": Refusal(
        ("ODK Validate 不接受这份表单：{said}", "ODK Validate refuses this form: {said}"),
        (
            "请按它说的改正，再用 ODK 的工具打开一次。",
            "Correct what it names; ODK's own tools won't open the form either.",
        ),
    ),
    "odk_late": Refusal(
        (
            "ODK Validate 没有在限定的时间内说完",
            "ODK Validate didn't finish in the time it is given",
        ),
        (
            "表单可以发布；如果很大，请先用 fieldapp forms check 再查一遍。",
            "The form can be published; if it is large, try fieldapp forms check first.",
        ),
    ),
    "filter_places": Refusal(
        (
            "选项接连筛选了几次，其中有按位置选的",
            "its choices are filtered several times, by their place among others too",
        ),
        ("请合成一个条件。", "Write it as one condition."),
    ),
    "search_columns": Refusal(
        (
            "search() 只要一个选项：name 写值所在的列，label 写文字所在的列",
            "search() takes one choice: its name is the column of the value, its label that of "
            "the text",
        ),
        (
            "请把全部选项放进被查找的列表。",
            "Put all choices into the list that is searched.",
        ),
    ),
    "search_languages": Refusal(
        (
            "search() 只能显示一列，这里每种语言写了不同的列：{columns}",
            "search() shows one column, but its choice names one for each language: {columns}",
        ),
        (
            "请在每种语言里写同一列，例如列表里写有两种语言的一列。",
            "Name the same column in every language, such as one that holds both.",
        ),
    ),
    "search_how": Refusal(
        (
            "search() 不认识“{how}”",
            "search() doesn't know “{how}”",
        ),
        (
            "请用 contains、startswith、endswith 或 matches。",
            "Use contains, startswith, endswith or matches.",
        ),
    ),
    "search_terms": Refusal(
        (
            "search() 的参数应是：列表；方式、列和文字；再加一列和它的值",
            "search() takes a list; how, columns and text; and a column with its value",
        ),
        ("请改正 appearance。", "Correct the appearance."),
    ),
    "choices_missing": Refusal(
        ("没有选项", "there are no choices"),
        ("请在 choices 表中添加。", "Add them on the choices sheet."),
    ),
    "cycle": Refusal(
        ("这些问题互相依赖：{circle}", "these depend on each other: {circle}"),
        (
            "请断开这个循环：让其中一个不再引用其他问题。",
            "Break the circle: let one of them not refer to the others.",
        ),
    ),
    "data_type_unsupported": Refusal(
        ("不支持数据类型“{type}”", "the data type “{type}” is not supported"),
        ("请换一种类型。", "Use another type."),
    ),
    "default_odd": Refusal(
        (
            "默认值“{text}”不是这一题能有的回答",
            "the default “{text}” is no answer that this question could have",
        ),
        (
            "请改正 default：日期写成 2026-01-02，时间写成 08:30，选项写 name，数字不超出范围。",
            "Correct the default: a date as 2026-01-02, a time as 08:30, a choice by its name, a "
            "number within its range.",
        ),
    ),
    "event_unsupported": Refusal(
        ("不支持事件“{event}”", "the event “{event}” is not supported"),
        ("请改用 default 或 trigger。", "Use a default or a trigger."),
    ),
    "trigger_apart": Refusal(
        (
            "这一题和触发它的“{trigger}”不在同一个重复组里",
            "this question and “{trigger}”, which triggers it, are not in the same repeat",
        ),
        (
            "请把两题放进同一个重复组，或删除 trigger。",
            "Put both into one repeat, or remove the trigger.",
        ),
    ),
    "range_incomplete": Refusal(
        ("range 题需要 start、end 和 step", "a range needs start, end and step"),
        ("请在 parameters 列中设置。", "Set them under parameters."),
    ),
    "file_default": Refusal(
        (
            "照片、录音和文件不能有默认值：每次走访要自己拍、自己录",
            "photos, recordings and files have no default: each visit makes its own",
        ),
        (
            "请删除 default；要给人看的图片请放在 media::image 列。",
            "Remove the default; put a picture to look at in the column media::image.",
        ),
    ),
    # ---- the form as a whole
    "no_form": Refusal(
        ("上传的文件里没有表单", "there is no form among the files"),
        (
            "请加上 .xlsx、.md、.csv 或 .xml 的表单文件。",
            "Add the form itself: .xlsx, .md, .csv or .xml.",
        ),
    ),
    "not_utf8": Refusal(
        ("文件不是 UTF-8 编码的文本", "the file is not text in UTF-8"),
        ("请另存为 UTF-8 编码，或用 .xlsx。", "Save it as UTF-8, or as .xlsx."),
    ),
    "path_unknown": Refusal(
        ("{context}指向“{path}”，表单里没有", "{context} names “{path}”, which is not in the form"),
        ("请改正。", "Correct it."),
    ),
    "setting_missing": Refusal(
        ("表单没有填写 {column}", "the form has no {key}"),
        ("请在 settings 表中填写 {column}。", "Set {column} on the settings sheet."),
    ),
    "too_deep": Refusal(
        ("组或表达式嵌套太深", "groups or expressions are nested too deeply"),
        ("请减少层数。", "Use fewer levels."),
    ),
    "unreadable": Refusal(
        ("文件无法读取：{detail}", "the file can't be read: {detail}"),
        (
            "请用 Excel 另存为 .xlsx 后再试，并对照模板检查各表的标题行。",
            "Save it again as .xlsx and compare its headings with a form that works.",
        ),
    ),
    "archive_odd": Refusal(
        ("压缩包里有可疑的文件名：{name}", "the archive has a suspicious entry: {name}"),
        (
            "请重新打包，只放普通文件，不要重名。",
            "Pack it again, with plain files only and each name once.",
        ),
    ),
    "cell_too_long": Refusal(
        ("单元格超过 {most} 个字", "the cell has more than {most} characters"),
        ("请缩短它。", "Shorten it."),
    ),
    "doctype": Refusal(
        ("文件里有 DOCTYPE 或 ENTITY 声明", "the file declares a DOCTYPE or ENTITY"),
        ("请删除这些声明。", "Remove these declarations."),
    ),
    "encrypted_file": Refusal(
        (
            "文件有密码",
            "the file has a password",
        ),
        ("请去掉密码，另存为 .xlsx。", "Save it as .xlsx without a password."),
    ),
    "file_too_big": Refusal(
        ("文件太大（上限 {limit}）", "the file is too big (at most {limit})"),
        (
            "请删去多余的内容；很长的列表请放进附带的 CSV。",
            "Remove what isn't needed; put long lists into an attached CSV.",
        ),
    ),
    "form_elsewhere": Refusal(
        ("表单 {form} 属于项目“{program}”", "{form} is a form of the program “{program}”"),
        ("请选那个项目，或换一个 form_id。", "Choose that program, or another form_id."),
    ),
    "formula_text": Refusal(
        (
            "“{text}”会被电子表格当成公式",
            "“{text}” would be run as a formula by a spreadsheet",
        ),
        (
            "请写成普通文字，前面不要用 = 或 @。",
            "Write it as plain text that doesn't begin with = or @.",
        ),
    ),
    "formula_unfinished": Refusal(
        ("单元格 {cell} 是没有结果的公式", "cell {cell} has a formula without a saved result"),
        (
            "请在 Excel 里打开并保存一次，或换成普通的值。",
            "Open and save it in Excel once, or put a plain value there.",
        ),
    ),
    "kind_unknown": Refusal(
        ("不认识的文件类型 {kind}", "{kind} is no kind of form file"),
        ("请用这些类型之一：{kinds}。", "Use one of {kinds}."),
    ),
    "macros": Refusal(
        ("文件里有宏", "the file has macros"),
        ("请另存为不含宏的 .xlsx。", "Save it as .xlsx without macros."),
    ),
    "regex_computed": Refusal(
        (
            "regex() 的格式要直接写在表单里，不能由答案算出",
            "the pattern of regex() must be written in the form, not computed from answers",
        ),
        ("请用引号直接写出格式。", "Write the pattern in quotes."),
    ),
    "regex_unsafe": Refusal(
        ("不能使用 regex 格式“{text}”：{why}", "the pattern “{text}” can't be used: {why}"),
        (
            "请改简单些：不要在一个重复里再套重复，如 (a+)+。",
            "Simplify it: no repetition inside a repetition, such as (a+)+.",
        ),
    ),
    "takes_too_long": Refusal(
        ("读取这个文件用时太长，已停止", "reading the file took too long and was stopped"),
        ("请减少行数、列数或语言后再试。", "Use fewer rows, columns or languages."),
    ),
    "takes_too_much": Refusal(
        ("读取这个文件占用太多内存，已停止", "reading the file took too much memory"),
        ("请减少行数、列数或语言后再试。", "Use fewer rows, columns or languages."),
    ),
    "too_many_columns": Refusal(
        ("{sheet} 表有 {count} 列，最多 {most} 列", "{sheet} has {count} columns, at most {most}"),
        ("请删去多余的列。", "Remove the columns that aren't needed."),
    ),
    "too_many_languages": Refusal(
        (
            "{sheet} 表有 {count} 种语言，最多 {most} 种",
            "{sheet} has {count} languages, at most {most}",
        ),
        ("请删去多余的语言。", "Remove the languages that aren't needed."),
    ),
    "too_many_rows": Refusal(
        ("{sheet} 表有 {count} 行，最多 {most} 行", "{sheet} has {count} rows, at most {most}"),
        (
            "请分成几份表单；很长的列表请放进附带的 CSV。",
            "Split the form; put long lists into an attached CSV.",
        ),
    ),
    "xform_none": Refusal(
        ("文件里没有 XForm 表单", "there is no XForm model or body in this document"),
        ("请提供 XLSForm 或 XForm 文件。", "Give an XLSForm or an XForm."),
    ),
    "xform_no_instance": Refusal(
        ("XForm 缺少主实例（primary instance）", "the XForm has no primary instance"),
        ("请提供 XLSForm 或 XForm 文件。", "Give an XLSForm or an XForm."),
    ),
    "xml_unreadable": Refusal(
        ("XML 无法读取：{detail}", "the XML can't be read: {detail}"),
        ("请提供 XLSForm 或 XForm 文件。", "Give an XLSForm or an XForm."),
    ),
    # ---- lists and what is saved
    "list_not_flat": Refusal(
        ("列表“{list}”不是平铺的", "the list “{list}” is not flat"),
        ("请让每一项只含普通的值。", "Give it items with plain values."),
    ),
    "list_undeclared": Refusal(
        ("列表“{list}”没有声明", "the list “{list}” is not declared"),
        ("请添加一行 csv-external，名称为 {list}。", "Add a row csv-external, {list}."),
    ),
    "property_unknown": Refusal(
        ("“{list}”没有属性“{property}”", "“{list}” has no property “{property}”"),
        (
            "请在 program.toml 中说明其用途，或不保存它。",
            "Describe its purpose in program.toml, or don't save it.",
        ),
    ),
    "save_without_entity": Refusal(
        ("save_to“{property}”没有对应的实体", "save_to “{property}” has no entity"),
        ("请在 entities 表中添加一行。", "Add a row on the entities sheet."),
    ),
    "type_unknown": Refusal(
        (
            "“{scope}”的项目里没有类型“{list}”",
            "no program of {scope} has a type “{list}”",
        ),
        ("请在 program.toml 中定义它。", "Describe it in program.toml."),
    ),
    "entity_unattached": Refusal(
        (
            "表单要更新“{list}”的记录，却没有引用这份名单",
            "the form updates records of “{list}” but doesn't look into that list",
        ),
        (
            "请加一行 csv-external，name 写 {list}；否则 ODK 也不接受。",
            "Add a row of type csv-external named {list}; ODK asks for it too.",
        ),
    ),
    # ---- publishing
    "never_collect": Refusal(
        (
            "“{text}”会收集我们绝不收集的内容：{why}",
            "“{text}” would collect what we never collect: {why}",
        ),
        ("请删除；见 docs/privacy.md。", "Remove it; see docs/privacy.md."),
    ),
    "health_elsewhere": Refusal(
        (
            "“{text}”问的是健康情况，而住房表单没有征得这方面的同意",
            "“{text}” asks about health, which no form of housing may: nobody agreed to it there",
        ),
        (
            "请删除，或放到健康项目的表单里。",
            "Remove it, or ask it in a form of a health program.",
        ),
    ),
    "consent_of_nobody": Refusal(
        (
            "这份表单登记需要本人同意的健康情况，却没有问是谁",
            "the form notes health matters that need consent, but doesn't ask whose they are",
        ),
        (
            "请在最前面加一题 select_one_from_file client.csv，选择服务对象。",
            "Begin with a question select_one_from_file client.csv that chooses the client.",
        ),
    ),
    "consent_asks_more": Refusal(
        (
            "登记同意的表单多问了 {questions}：没有同意之前，什么都不能多登记",
            "the form that takes consent also asks {questions}: nothing else is noted before it",
        ),
        (
            "文字可以改，题目不能加；要登记别的，请另做一份表单。",
            "Change its words, add no question; ask the rest in a form of another program.",
        ),
    ),
    "consent_of_several": Refusal(
        (
            "这份表单一次选择了不止一位服务对象，而登记健康情况要每个人本人同意",
            "the form chooses more than one client, and each would have to agree to what is noted",
        ),
        (
            "请只留一题选择服务对象；每位服务对象各填一份。",
            "Leave one question that chooses the client, and fill in one form for each.",
        ),
    ),
    "program_unknown": Refusal(
        ("没有项目“{program}”", "there is no program “{program}”"),
        ("请从这些项目中选择：{programs}。", "Choose one of {programs}."),
    ),
    "version_taken": Refusal(
        (
            "{form} 的版本 {version} 已发布，内容与此不同",
            "{form} {version} is published already with other content",
        ),
        (
            "请在 settings 表中换一个新的 version；如果这份表单还没有人用过，也可从空数据库"
            "（另一个 FIELDAPP_HOME）开始。",
            "Raise version on the settings sheet; or, if nobody has used the form yet, "
            "begin with an empty database (another FIELDAPP_HOME).",
        ),
    ),
    # ---- expressions
    "xpath_above_form": Refusal(
        ("路径超出了表单", "the path goes above the form; remove one ../"),
        ("请删去一个 ../。", "Correct the expression."),
    ),
    "xpath_absolute": Refusal(
        ("绝对路径要以 /{root} 开头", "an absolute path starts with /{root}"), _CORRECT
    ),
    "xpath_after_descendant": Refusal(("// 之后应是名称", "after // a name is expected"), _CORRECT),
    "xpath_arguments": Refusal(
        (
            "{function}() 需要 {wanted} 个参数，写了 {given} 个",
            "{function}() takes {wanted} arguments, not {given}",
        ),
        _CORRECT,
    ),
    "xpath_axis": Refusal(("不支持轴 {axis}::", "the axis {axis}:: is not supported"), _CORRECT),
    "xpath_candidate": Refusal(
        (
            "不支持用正在筛选的选项的值再去查找",
            "a lookup by a value of the item being filtered is not supported",
        ),
        _CORRECT,
    ),
    "xpath_function_step": Refusal(
        ("函数不能作为路径的一段", "a function can't be a step of a path"), _CORRECT
    ),
    "xpath_function_unknown": Refusal(
        (
            "没有函数 {function}()；支持的函数见 docs/xlsform-support.md",
            "unknown function {function}(); the supported ones are listed in "
            "docs/xlsform-support.md",
        ),
        _CORRECT,
    ),
    "xpath_indexed_pairs": Refusal(
        (
            "indexed-repeat() 需要先写问题，再成对写重复组和序号",
            "indexed-repeat() takes a question, then pairs of repeat and index",
        ),
        _CORRECT,
    ),
    "xpath_indexed_place": Refusal(
        (
            "indexed-repeat()：“{inner}”不在重复组“{outer}”里",
            "indexed-repeat(): “{inner}” is not in the repeat “{outer}”",
        ),
        _CORRECT,
    ),
    "xpath_instance_argument": Refusal(
        (
            "instance() 需要一个参数：用引号写出列表的名称",
            "instance() takes one argument, the name of a list in quotes",
        ),
        _CORRECT,
    ),
    "xpath_instance_path": Refusal(
        (
            "请写 instance('{list}')/root/item，再写要取的内容",
            "write instance('{list}')/root/item and then what is meant",
        ),
        _CORRECT,
    ),
    "xpath_invalid": Refusal(
        ("“{source}”不是有效的表达式：{detail}", "“{source}” is not a valid expression: {detail}"),
        _CORRECT,
    ),
    "xpath_itext": Refusal(
        (
            "jr:itext() 在这里只能取选项的 itextId",
            "jr:itext() takes the itextId of a choice here",
        ),
        ("请直接写出文字。", "Write the text itself."),
    ),
    "xpath_no_names": Refusal(
        (
            "这里不能引用问题，只能用记录的属性",
            "questions can't be named here; only properties of the record",
        ),
        _CORRECT,
    ),
    "xpath_path_end": Refusal(
        (
            "这条路径所到之处没有问题“{name}”",
            "there is no question “{name}” where this path leads",
        ),
        _CORRECT,
    ),
    "xpath_quotes": Refusal(
        ("{where} 中的名称要加引号", "{where} needs its names in quotes"), _CORRECT
    ),
    "xpath_question_unknown": Refusal(
        ("“{parent}”里没有问题“{name}”", "there is no question “{name}” in “{parent}”"), _CORRECT
    ),
    "xpath_reference": Refusal(
        (
            "这里应引用一个问题或重复组，例如 ${{name}}",
            "a reference to a question or repeat is expected here, such as ${{name}}",
        ),
        _CORRECT,
    ),
    "xpath_slash": Refusal(
        ("单独的“/”在表单中没有意义", "“/” alone means nothing in a form"), _CORRECT
    ),
    "xpath_step": Refusal(
        ("路径中不支持“{source}”", "“{source}” is not supported in a path"), _CORRECT
    ),
}
REFUSALS |= {code: Refusal(*texts) for code, texts in pyxform_catalogue().items()}
REFUSALS |= {code: Refusal(*texts) for code, texts in FILE_WORDS.items()}
