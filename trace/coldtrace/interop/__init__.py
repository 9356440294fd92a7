"""Spreadsheets in and out; the workbook reader knows no database."""
