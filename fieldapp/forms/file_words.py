"""What can be wrong with the files of a form, in the shape of refusals.py."""

from typing import TypeAlias

Words: TypeAlias = tuple[tuple[str, str], tuple[str, str]]
"""Message and remedy, each `(zh, en)`."""

FILE_WORDS: dict[str, Words] = {
    # ---- files that come with a form
    "file_code_blank": (
        ("“{file}”中这一行没有代码，无法作为选项", "this row of “{file}” has no code to choose by"),
        ("请填写该单元格，或删除这一行。", "Fill the cell in, or delete the row."),
    ),
    "file_code_spaced": (
        (
            "多选题的选项代码不能含空格",
            "codes of which several can be chosen can't hold spaces",
        ),
        ("请用下划线代替空格。", "Write an underscore instead."),
    ),
    "file_column": (
        ("“{file}”没有“{name}”这一列", "“{file}” has no column “{name}”"),
        ("它的列是：{columns}。请改正名称。", "Its columns are: {columns}. Correct the name."),
    ),
    "file_disguised": (
        ("“{file}”的内容不是 {suffix} 文件", "the content of “{file}” is no {suffix}"),
        (
            "请用相应软件重新导出，不要只改扩展名。",
            "Export it again as that kind; renaming a file doesn't convert it.",
        ),
    ),
    "file_identity": (
        (
            "“{file}”含有居民身份证号码；名单会存到每一部手机上",
            "“{file}” holds a resident identity number, and every phone would carry it",
        ),
        (
            "请删除这一列。需要按人查找时，请使用登记册（csv-external client）。",
            "Delete the column. To look people up, use the registry (csv-external client).",
        ),
    ),
    "file_kind": (
        ("不支持“{file}”这种文件", "files like “{file}” are not supported"),
        ("请使用：{kinds}。", "Use one of: {kinds}."),
    ),
    "file_large": (
        ("“{file}”有 {size}，超过了 {most}", "“{file}” has {size}, more than {most}"),
        (
            "请缩小它：每部手机都要下载。",
            "Make it smaller: every phone has to download it.",
        ),
    ),
    "file_list_missing": (
        (
            "没有名单“{name}”：没有提供文件，登记册里也没有",
            "there is no list “{name}”: no such file was given, nor has the registry one",
        ),
        (
            "请与表单一起提供 {name}.csv 或 .geojson（--files 文件夹），或使用登记册的：{lists}。",
            "Give {name}.csv or .geojson along (--files FOLDER), or use the registry's: {lists}.",
        ),
    ),
    "file_missing": (
        ("没有提供文件“{file}”", "the file “{file}” was not given along"),
        (
            "请与表单一起提供（--files 文件夹），或改正名称。",
            "Give it along with the form (--files FOLDER), or correct the name.",
        ),
    ),
    "file_phones": (
        (
            "“{file}”的这一列像是手机号码",
            "this column of “{file}” looks like mobile numbers",
        ),
        (
            "名单会存到每一部手机上；如果是个人的号码，请删除这一列。",
            "Every phone would carry them: if they are people's own, delete the column.",
        ),
    ),
    "file_reserved": (
        (
            "“{name}”是登记册的名单，不能用文件“{file}”代替",
            "“{name}” is a list of the registry; the file “{file}” can't stand in for it",
        ),
        (
            "请换一个文件名，或不提供该文件而使用登记册。",
            "Rename the file, or leave it out to use the registry.",
        ),
    ),
    "file_unused": (
        ("表单没有用到“{file}”", "nothing in the form uses “{file}”"),
        (
            "发布时不会带上它，请检查名称。",
            "It is left out. Check how its name is spelled.",
        ),
    ),
    "files_large": (
        ("表单的文件共 {size}，超过了 {most}", "the form's files have {size}, more than {most}"),
        ("请缩小或减少文件。", "Make them smaller, or fewer."),
    ),
    "geojson_collection": (
        ("“{file}”不是 FeatureCollection", "“{file}” is no FeatureCollection"),
        ("请导出为 GeoJSON FeatureCollection。", "Export it as a GeoJSON FeatureCollection."),
    ),
    "geojson_feature": (
        ("“{file}”的这一项不是 Feature", "this item of “{file}” is no Feature"),
        ("请改正或删除它。", "Correct it or delete it."),
    ),
    "geojson_geometry": (
        (
            "“{file}”的这一项不是点、线或面",
            "this feature of “{file}” is no Point, LineString or Polygon",
        ),
        ("请改正或删除它。", "Correct it or delete it."),
    ),
    "geojson_nested": (
        ("“{file}”的属性只能是文字或数字", "properties of “{file}” must be text or numbers"),
        ("请展开或删除这个属性。", "Flatten the property, or delete it."),
    ),
    "geojson_place": (
        ("“{file}”这一项的坐标不对", "the coordinates of this feature of “{file}” are wrong"),
        (
            "GeoJSON 的坐标是 [经度, 纬度]，单位为度。",
            "GeoJSON has [longitude, latitude], in degrees.",
        ),
    ),
    "geojson_unreadable": (
        ("“{file}”无法读取：{detail}", "“{file}” can't be read: {detail}"),
        ("请导出为 UTF-8 编码的 GeoJSON。", "Export it as GeoJSON in UTF-8."),
    ),
    "media_made": (
        (
            "图片或录音的文件名不能由回答拼成",
            "the name of a picture or sound can't be made from answers",
        ),
        (
            "请写固定的文件名；要按回答显示不同的图片，请用几个带 relevant 的说明题。",
            "Give a fixed name; to show a picture by answer, use several notes with relevant.",
        ),
    ),
    "table_binary": (
        ("“{file}”不是文本文件", "“{file}” is no text file"),
        ("请从 Excel 另存为 CSV（UTF-8）。", "Save it from Excel as CSV UTF-8."),
    ),
    "table_cell_long": (
        ("“{file}”的这一格超过 {most} 个字", "this cell of “{file}” has over {most} characters"),
        ("请缩短它。", "Shorten it."),
    ),
    "table_empty": (
        ("“{file}”是空的", "“{file}” is empty"),
        (
            "第一行应为列名，例如 name,label。",
            "Its first row should be headings, such as name,label.",
        ),
    ),
    "table_encoding": (
        ("“{file}”的编码无法识别", "the encoding of “{file}” is not known"),
        ("请从 Excel 另存为 CSV（UTF-8）。", "Save it from Excel as CSV UTF-8."),
    ),
    "table_heading_blank": (
        ("“{file}”的第 {column} 列没有列名", "column {column} of “{file}” has no heading"),
        ("请在第一行填写列名，或删除这一列。", "Give it one in the first row, or delete it."),
    ),
    "table_heading_twice": (
        ("“{file}”有两列都叫“{column}”", "two columns of “{file}” are called “{column}”"),
        ("请给其中一列改名。", "Rename one of them."),
    ),
    "table_long": (
        (
            "“{file}”有这么多列，最多 {most} 行",
            "with so many columns, “{file}” may have no more than {most} rows",
        ),
        ("请只保留需要的行和列。", "Keep only the rows and columns that are needed."),
    ),
    "table_quotes": (
        ("“{file}”从这一行起引号不配对", "from this row of “{file}” on, quotes don't match"),
        (
            '单元格中的引号要写成两个（""），整格再加引号。',
            'Write a quote inside a cell twice ("") and quote the cell.',
        ),
    ),
    "table_row_long": (
        (
            "“{file}”的这一行多于 {count} 列",
            "this row of “{file}” has more cells than the {count} headings",
        ),
        (
            "请检查逗号：含逗号的单元格要加引号。",
            "Look for commas: a cell that holds one needs quotes.",
        ),
    ),
    "table_wide": (
        ("“{file}”超过 {most} 列", "“{file}” has more than {most} columns"),
        ("请只保留需要的列。", "Keep only the columns that are needed."),
    ),
    "table_xml": (
        ("“{file}”无法读取：{detail}", "“{file}” can't be read: {detail}"),
        ("请改正 XML，或改用 CSV。", "Correct the XML, or use CSV."),
    ),
    "table_xml_flat": (
        ("“{file}”的这一项不是平铺的 item", "this child of “{file}” is no flat item"),
        (
            "请写 <root><item><name>…</name></item></root>，或改用 CSV。",
            "Write <root><item><name>a</name></item></root>, or use CSV.",
        ),
    ),
}
