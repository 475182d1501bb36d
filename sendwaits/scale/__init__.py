"""Past one machine or one area: the sets of many areas, and the same work on Spark (optional extra ``spark``)."""
