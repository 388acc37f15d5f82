"""The style of the bench's pages."""

STYLE = """
:root{--ink:#1c2026;--soft:#5d6673;--line:#d9dee5;--paper:#fff;--card:#f6f7f9;--link:#0b62c4}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ee;--soft:#9aa4b2;--line:#353c46;
--paper:#15181c;--card:#1e2228;--link:#79b4ff}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:1280px;margin:0 auto;padding:24px}
h1{font-size:24px;margin:0 0 8px}h2{font-size:17px;margin:28px 0 10px}
h3{font-size:16px;margin:28px 0 10px}h4{margin:0;font-size:15px;overflow-wrap:anywhere}
h5{margin:12px 0 6px;font-size:13px;color:var(--soft);font-weight:600}
a{color:var(--link)}p{margin:6px 0}
.note{color:var(--soft);font-size:13px;max-width:80ch}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:14px}
th,td{padding:6px 12px;text-align:right;border-bottom:1px solid var(--line);vertical-align:top}
th{font-weight:600}thead th{color:var(--soft);font-size:12px;vertical-align:bottom}
th[scope=row]{white-space:nowrap}
th[scope=row],thead th:first-child{text-align:left}
small{display:block;color:var(--soft);font-size:11px;white-space:nowrap;font-weight:400}
tr.floor *{color:var(--soft);font-style:italic}
tr.published *{color:var(--soft)}
details{margin:10px 0}summary{cursor:pointer;color:var(--link);font-size:13px}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,420px),1fr));gap:16px}
article{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px;
min-width:0}
article img{width:100%;height:auto;border-radius:6px;display:block}
.caption{color:var(--soft);font-size:13px;overflow-wrap:anywhere}
dl{display:flex;flex-wrap:wrap;gap:4px 16px;margin:8px 0;font-size:13px}
dl div{display:flex;gap:6px}dt{color:var(--soft)}dd{margin:0;font-variant-numeric:tabular-nums}
article td,article th{padding:2px 8px;font-size:12px}
"""
