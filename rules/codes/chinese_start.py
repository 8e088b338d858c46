"""Chinese of the sentences with which a folder is refused, as a new playbook or as one that is there."""

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
    "The playbook {folder} does not exist; give the folder that holds touchline.yaml.": (
        "剧本 {folder} 不存在；请给出 touchline.yaml 所在的文件夹。"
    ),
    "The playbook {folder} is a file, and a playbook is a folder: give the one that holds touchline.yaml.": (
        "剧本 {folder} 是文件，而剧本是文件夹；请给出 touchline.yaml 所在的文件夹。"
    ),
    "The folder {folder} holds no .yaml file, so it is no playbook.": "文件夹 {folder} 里没有 .yaml 文件，所以不是剧本。",
    "The folder {folder} holds {number} YAML files; {most} are allowed.": (
        "文件夹 {folder} 里有 {number} 个 YAML 文件；最多 {most} 个。"
    ),
    "{file} cannot be written: {error}.": "{file} 无法写入：{error}。",
    "{file} cannot be read: {error}.": "{file} 无法读取：{error}。",
    "{file} has more than {most} KiB; split it.": "{file} 超过 {most} KiB；请拆分。",
    "{file} is not UTF-8 (byte {at}); save it as UTF-8.": "{file} 不是 UTF-8（第 {at} 字节）；请存为 UTF-8。",
}
