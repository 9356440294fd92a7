"""The broker's packing list: workbook in, facts and named faults out, annotated copy and template."""
