"""Chinese of the sentences with which a new playbook is refused."""

from __future__ import annotations

__all__ = ["CHINESE"]

CHINESE = {
    "there is no pack {name!r}": "没有剧本包 {name!r}",
    "{message} (`touchline init --list` says what they do)": "{message}（`touchline init --list` 说明各自的用途）",
    "name the new playbook's folder": "写出新剧本的文件夹",
    "name a pack: --pack NAME": "写出剧本包：--pack NAME",
    "touchline init --list says what there is": "touchline init --list 列出有哪些",
    "{folder} is not empty": "{folder} 不是空的",
    "{folder} is a file": "{folder} 是文件",
    "name a folder that is new or empty": "换一个新的或空的文件夹",
    "{folder} cannot be written: {why}": "{folder} 无法写入：{why}",
}
