"""What stops a backup or a restore, in Chinese and English, and what to do. Pure."""

REFUSALS: dict[str, tuple[str, str]] = {
    "no_tools": (
        "没有找到 {tools}。请安装 PostgreSQL 客户端程序（{version} 版），"
        "并使其在 PATH 中。",
        "{tools} not found. Install PostgreSQL's client programs of the server's version "
        "({version}) and put them on the PATH.",
    ),
    "old_tools": (
        "pg_dump 比数据库服务器旧。请安装服务器的版本（{version}）后再试。",
        "pg_dump is older than the database server. Install those of its version ({version}).",
    ),
    "disk_full": (
        "{folder} 空间不足（约需 {mb} MB）。请清出空间，或用 --to 换一个文件夹。",
        "No room left in {folder} (about {mb} MB are needed). Free some, or give another folder.",
    ),
    "no_folder": (
        "不能写入 {folder}：{detail}。请检查权限，或换一个文件夹。",
        "{folder} can't be written: {detail}. Check its permissions, or give another folder.",
    ),
    "copy_failed": (
        "备份没有完成：{detail}。手机上的内容不受影响，请排除后重试。",
        "No copy was made: {detail}. Phones keep everything; put that right and try again.",
    ),
    "copy_short": (
        "备份中缺少 {count} 项，已作废。手机上的内容不受影响；请重试，再次出现请检查磁盘。",
        "The copy lacks {count} items and was discarded. Phones keep everything; try again, and "
        "check the disk if it happens again.",
    ),
    "copy_broken": (
        "备份中有 {count} 项无法打开或与收到时不同（{detail}），已作废。请运行 fieldapp verify；"
        "若全部如此，请检查 FIELDAPP_SECRET。",
        "{count} items of the copy can't be opened or aren't what came ({detail}), so it was "
        "discarded. Run `fieldapp verify`; if it is all of them, check FIELDAPP_SECRET.",
    ),
    "no_scratch": (
        "不能建立用于核对的临时数据库：{detail}。请授权（ALTER ROLE … CREATEDB），"
        "或用 --scratch 给出一个空数据库的地址。",
        "No scratch database could be made to check the copy: {detail}. Allow it "
        "(ALTER ROLE … CREATEDB), or give the URL of an empty database with --scratch.",
    ),
    "busy": (
        "数据库正忙，没有开始备份。请稍后重试。",
        "The database is too busy to begin. Try again in a while.",
    ),
    "not_a_backup": (
        "{name} 不是本软件的备份，或只是一部分。请换一份完整的备份。",
        "{name} is no backup of this program, or only part of one. Give a whole one.",
    ),
    "damaged": (
        "{name} 已损坏：{detail}。请用另一份备份；现有数据库没有改动。",
        "{name} is damaged: {detail}. Use another backup; the present database is untouched.",
    ),
    "no_keys": (
        "{name} 的密钥不在 {folder} 中。请把与备份同名的 .keys 文件（或更新的）放到该文件夹后再试；"
        "现有数据库没有改动。",
        "The keys of {name} are not in {folder}. Put the .keys file of the same name, or a newer "
        "one, into that folder and try again; the present database is untouched.",
    ),
    "no_ledger": (
        "不知道 {name} 之后删除过谁：{folder} 和备份旁边都没有 {file}。"
        "这样恢复，已删除的人会重新可读。"
        "请把最新的 {file} 放到该文件夹或用 --ledger 指定；确实没有时，用 --without-ledger 恢复，"
        "再按删除凭证逐一重新删除。",
        "Nothing here knows who was erased since {name}: there is no {file} in {folder} or beside "
        "the backup, and who was erased would be readable again. Put the newest {file} into that "
        "folder, or name it with --ledger. If there is none, restore with --without-ledger, and "
        "erase again by the certificates.",
    ),
    "ledger_unread": (
        "不能读取删除记录 {name}：{detail}。请检查文件；现有数据库没有改动。",
        "The ledger of erasures {name} can't be read: {detail}. Check the file; the present "
        "database is untouched.",
    ),
    "wrong_kind": (
        "{name} 是 {kind} 的备份，而 FIELDAPP_DATABASE_URL 指向 {here}。请改为 {kind} 数据库。",
        "{name} is a backup of {kind}, but FIELDAPP_DATABASE_URL names {here}. Name a database of "
        "that kind.",
    ),
    "newer": (
        "{name} 来自更新的版本（{revision}）。请先安装该版本或更新的版本。",
        "{name} was made by a newer version ({revision}). Install that or a later one first.",
    ),
    "other_secret": (
        "{name} 不能用现在的 FIELDAPP_SECRET 打开。请设为备份时使用的值。",
        "{name} can't be opened with this FIELDAPP_SECRET. Set the one it was made with.",
    ),
    "not_empty": (
        "数据库里已有数据（{count} 次走访）。请给一个空数据库，"
        "或加 --replace（现有数据会先另存）。",
        "The database isn't empty ({count} visits). Give an empty one, or --replace: what is "
        "there is set aside first.",
    ),
    "in_use": (
        "数据库正在使用。请先停止 fieldapp，再恢复。",
        "The database is in use. Stop fieldapp first, then restore.",
    ),
}  # fmt: skip


class BackupError(Exception):
    """No copy was made or put back; the mark and the present database are as before.

    key: of REFUSALS; params fill its text.
    """

    def __init__(self, key: str, **params: object) -> None:
        self.key, self.params = key, params
        super().__init__(self.text("en"))

    def text(self, lang: str) -> str:
        """What happened and what to do, in `zh` or `en`."""
        zh, en = REFUSALS[self.key]
        return (zh if lang == "zh" else en).format(**self.params)
