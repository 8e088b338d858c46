"""Numbers over what happened: KPIs, funnels, attribution, scores and anomalies."""
