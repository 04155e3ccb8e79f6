"""Unpacks a wheel (a zip) into a folder: unpack_wheel.py WHEEL FOLDER [PREFIX…]; with prefixes only members below them.

Refuses members that would leave the folder. Used with Debian's Python in isolated mode; nothing is executed or installed.
"""
import pathlib
import shutil
import sys
import zipfile


def main() -> None:
    wheel, folder, *prefixes = sys.argv[1:]
    base = pathlib.Path(folder).resolve()
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            if member.is_dir() or (prefixes and not member.filename.startswith(tuple(prefixes))):
                continue
            if member.filename.endswith("libtorch_python.so") or "/include/" in member.filename and member.filename.endswith(".py"):
                continue
            target = (base / member.filename).resolve()
            if not target.is_relative_to(base):
                sys.exit(f"{wheel}: {member.filename} leads out of the folder")
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(member) as source, open(target, "wb") as out:
                shutil.copyfileobj(source, out, 1 << 20)


main()
