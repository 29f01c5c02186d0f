"""Fails for a reason that no second attempt will mend."""
print("Größe der Stichprobe: 0 … 训练")
columns = ["flow", "pressure"]
raise KeyError(f"no column 'temperature' among {columns}")
