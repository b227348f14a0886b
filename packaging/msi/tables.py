"""The tables of a Windows Installer package, as msiinfo exports them."""

import subprocess


def _msiinfo(*words):
    return subprocess.run(["msiinfo", *map(str, words)], check=True, capture_output=True,
                          text=True).stdout


def names(package):
    return _msiinfo("tables", package).split()


def rows(package, table):
    """One dict a row; a field that is null is empty."""
    lines = _msiinfo("export", package, table).splitlines()
    columns = lines[0].split("\t")
    return [dict(zip(columns, line.split("\t"), strict=True)) for line in lines[3:] if line]


def keyed(package, table):
    """{first column: row}."""
    found = rows(package, table)
    return {next(iter(row.values())): row for row in found}


def folders(package):
    """{directory: its path, from the system's folder on}."""
    table = keyed(package, "Directory")

    def path(name):
        above, own = table[name]["Directory_Parent"], table[name]["DefaultDir"].split("|")[-1]
        if above in ("", "TARGETDIR"):
            return name
        return f"{path(above)}/{own}"

    return {name: path(name) for name in table}


def files(package):
    """{path: row of File}, of all files."""
    at = folders(package)
    components = keyed(package, "Component")
    return {f"{at[components[row['Component_']]['Directory_']]}/{row['FileName'].split('|')[-1]}":
            row for row in rows(package, "File")}


__all__ = ["files", "folders", "keyed", "names", "rows"]
