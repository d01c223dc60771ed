"""Pictures of readings: what is drawn, and PNG and HTML made of it.

`collect` and `picture` are pure and know no library; `png` and `page` import matplotlib and plotly when they draw.
"""
