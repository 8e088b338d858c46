"""Every code that a finding may have, what it means in both languages, and the sentences in Chinese."""
