"""The people and documents that a new sandbox starts with."""

from __future__ import annotations

import io
import uuid
from typing import Any

import docx
import openpyxl
import pptx
from openpyxl.styles import Font, PatternFill
from PIL import Image, ImageDraw

from connector.sandbox.nuxeo_server import mime_types, tree
from connector.sandbox.nuxeo_server.auth import GROUPS, USERS
from connector.sandbox.nuxeo_server.doctypes import empty_properties
from connector.sandbox.nuxeo_server.security import Principal
from connector.sandbox.nuxeo_server.session import Session, now
from connector.sandbox.nuxeo_server.store import Document, Store, blob_value

DEMO = "/default-domain/workspaces/Demo"
"""The workspace of the demo's documents."""

_PEOPLE = (
    ("Administrator", "Ada", "Admin", ["administrators"]),
    ("alice", "Alice", "Martin", ["members"]),
    ("bob", "Bob", "Keller", ["members"]),
    ("carol", "Carol", "Rossi", ["members"]),
    ("dave", "Dave", "Novak", ["members"]),
)


def seed(store: Store) -> None:
    """Fill an empty store; one that has a root is left as it is."""
    with store.writing():
        if store.child(None, "") is not None:
            return
        for name, first, last, groups in _PEOPLE:
            entry = {
                "username": name,
                "password": name,
                "firstName": first,
                "lastName": last,
                "email": f"{name.lower()}@example.org",
                "company": "Example",
                "groups": groups,
            }
            store.put_entry(USERS, name, entry)
        for group, label in (("administrators", "Administrators"), ("members", "Members")):
            store.put_entry(GROUPS, group, {"groupname": group, "grouplabel": label})
        for nature in ("article", "contract", "report"):
            store.put_entry("nature", nature, {"id": nature, "label": nature, "obsolete": 0})
        _documents(store)


def _documents(store: Store) -> None:
    session = Session(store, Principal("Administrator", frozenset({"administrators"})))
    moment = now()
    root = Document(uid=str(uuid.uuid4()), parent_uid=None, name="", type="Root", properties={})
    root.properties = empty_properties("Root") | {
        "dc:title": "Root",
        "dc:created": moment,
        "dc:modified": moment,
        "dc:creator": "Administrator",
        "dc:lastContributor": "Administrator",
        "dc:contributors": ["Administrator"],
    }
    root.aces = [["administrators", "Everything", True]]
    store.put(root)
    domain = tree.create(session, root, "default-domain", "Domain", {"dc:title": "Domain"})
    domain.aces = [["alice", "Read", True], ["bob", "Read", True], ["carol", "Read", True]]
    store.put(domain)
    workspaces = tree.create(
        session, domain, "workspaces", "WorkspaceRoot", {"dc:title": "Workspaces"}
    )
    demo = tree.create(session, workspaces, "Demo", "Workspace", {"dc:title": "Demo"})
    demo.aces = [
        ["alice", "ReadWrite", True],
        ["bob", "ReadWrite", True],
        ["carol", "Read", True],
    ]
    store.put(demo)

    def add(title: str, name: str, content: bytes, *attachments: tuple[str, bytes]) -> None:
        files = [{"file": _blob(store, *attachment)} for attachment in attachments]
        properties: dict[str, Any] = {
            "dc:title": title,
            "file:content": _blob(store, name, content),
        }
        tree.create(session, demo, title, "File", properties | {"files:files": files})

    add("Letter", "Letter.docx", _letter())
    add("Budget", "Budget.xlsx", _budget())
    add("Slides", "Slides.pptx", _slides())
    add(
        "Bundle",
        "Contract.docx",
        _contract(),
        ("Price list.xlsx", _prices()),
        ("Site plan.png", _plan()),
    )
    add("Validator", "test.wopitest", b"A file for the WOPI validator.\n")


def _blob(store: Store, name: str, content: bytes) -> dict[str, Any]:
    return blob_value(name, mime_types.of_name(name), *store.write_blob([content]))


def _saved(document: Any) -> bytes:
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def _letter() -> bytes:
    document = docx.Document()
    document.add_paragraph("Example Furniture Ltd, 12 Harbour Street, Rotterdam")
    document.add_heading("Your order of six oak tables", level=1)
    document.add_paragraph("Dear Ms Moreau,")
    document.add_paragraph(
        "thank you for your order of 3 March. The tables are in our workshop and will leave it"
        " by the end of the month, as agreed."
    )
    paragraph = document.add_paragraph("Delivery takes place ")
    paragraph.add_run("on a weekday before noon").bold = True
    paragraph.add_run("; our driver will call you the day before.")
    document.add_paragraph("If anything should change on your side, please let us know in time.")
    document.add_paragraph("Kind regards,")
    document.add_paragraph("Example Furniture")
    return _saved(document)


def _contract() -> bytes:
    document = docx.Document()
    document.add_heading("Service contract", level=1)
    document.add_paragraph("between Example Furniture Ltd and the customer named in the order.")
    for title, text in (
        ("Subject", "The supplier maintains the furniture listed in the attached price list."),
        ("Term", "The contract runs for two years and is renewed by agreement."),
        ("Place", "The work is done on the premises shown in the attached site plan."),
    ):
        document.add_heading(title, level=2)
        document.add_paragraph(text)
    table = document.add_table(rows=1, cols=2)
    table.style = "Table Grid"
    table.rows[0].cells[0].text, table.rows[0].cells[1].text = "Supplier", "Customer"
    return _saved(document)


def _budget() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Budget"
    sheet.append(["Item", "Planned", "Spent", "Left"])
    for row, (item, planned, spent) in enumerate(
        (("Wood", 12000, 9300), ("Wages", 31000, 28450), ("Energy", 4200, 4010)), start=2
    ):
        sheet.append([item, planned, spent, f"=B{row}-C{row}"])
    sheet.append(["Total", "=SUM(B2:B4)", "=SUM(C2:C4)", "=SUM(D2:D4)"])
    _head(sheet)
    notes = book.create_sheet("Notes")
    notes.append(["Figures in euros, without tax."])
    return _saved(book)


def _prices() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Prices"
    sheet.append(["Service", "Price"])
    for row in (("Oiling a table", 85), ("Repair of a leg", 140), ("Call-out", 60)):
        sheet.append(row)
    _head(sheet)
    return _saved(book)


def _head(sheet: Any) -> None:
    for cell in sheet[1]:
        cell.font = Font(bold=True, color="FFFFFF")
        cell.fill = PatternFill("solid", fgColor="1F6E43")
    for column in "ABCD":
        sheet.column_dimensions[column].width = 16


def _slides() -> bytes:
    show = pptx.Presentation()
    title = show.slides.add_slide(show.slide_layouts[0])
    title.shapes.title.text = "New workshop"
    title.placeholders[1].text = "Plan for the coming year"
    for heading, points in (
        ("Why we move", ("More room for finishing", "Shorter ways", "Daylight")),
        ("Next steps", ("Sign the lease", "Order machines", "Move in September")),
    ):
        slide = show.slides.add_slide(show.slide_layouts[1])
        slide.shapes.title.text = heading
        slide.placeholders[1].text = "\n".join(points)
    return _saved(show)


def _plan() -> bytes:
    image = Image.new("RGB", (480, 320), "#f3efe6")
    draw = ImageDraw.Draw(image)
    draw.rectangle((40, 40, 440, 280), outline="#43505c", width=6)
    draw.line((240, 40, 240, 200), fill="#43505c", width=6)
    draw.rectangle((220, 272, 290, 288), fill="#f3efe6")
    draw.text((90, 140), "Workshop", fill="#43505c")
    draw.text((310, 140), "Office", fill="#43505c")
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()
