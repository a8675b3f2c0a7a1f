"""An Excel workbook: the parts of its package, the cells of its sheets, and what they display, as text. Pure.

    book = Book(zipfile.ZipFile(file), longest=20_000_000)     # raises TooLarge, and DAMAGE
    display = Display(book)
    for row in book.rows(book.sheets[0]):
        ...                                                    # SheetRow, whose cells `display.text` shows; SheetEnd

What is a table in it, what is refused and what is asked about is decided in `tables`.
"""
