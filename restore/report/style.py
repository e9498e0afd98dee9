"""The page's style sheet: a calm printed sheet in one column, light or dark as the reader's screen is, fit to print."""

from __future__ import annotations

from restore.report import palette

SHEET = """
:root{color-scheme:light dark;--paper:#f7f4ee;--sheet:#fffdf9;--ink:#24211d;--quiet:#635c53;--rule:#d9d2c5;
--accent:#96351f;--left:#24211d;
--serif:"Iowan Old Style","Palatino Linotype",Palatino,"URW Palladio L",P052,"EB Garamond",Georgia,serif;
--mono:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace}
@media (prefers-color-scheme:dark){:root{--paper:#171512;--sheet:#1e1b18;--ink:#ebe5da;--quiet:#a89f92;
--rule:#3b362f;--accent:#eb9078;--left:#ebe5da}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:1.0625rem/1.55 var(--serif);
font-variant-numeric:lining-nums;hanging-punctuation:first}
main,header,footer{max-width:62rem;margin:0 auto;padding:0 clamp(1rem,5vw,3.5rem)}
header{padding-top:clamp(2rem,7vw,5rem)}
footer{padding-bottom:4rem;color:var(--quiet);font-size:.92rem}
p,ul.plain{max-width:40rem;margin:.6rem 0}
.kicker{color:var(--quiet);font-size:.95rem;margin:0;max-width:none;overflow-wrap:anywhere}
h1{font-weight:400;font-size:clamp(1.9rem,5.2vw,3.3rem);line-height:1.12;letter-spacing:-.012em;
margin:.35em 0 .5em;max-width:28ch;text-wrap:balance;font-variant-numeric:lining-nums}
h2{font-weight:400;font-size:1.55rem;line-height:1.2;margin:0 0 1rem}
h3{font-weight:600;font-size:1.0625rem;margin:0 0 .5rem}
section{border-top:1px solid var(--rule);padding-top:1.6rem;margin-top:3.2rem}
.lede{font-size:1.2rem;line-height:1.5}
.person{border-left:3px solid var(--accent);padding:.1rem 0 .1rem 1.2rem;margin:1.8rem 0;max-width:42rem}
.person h2{font-size:1.0625rem;color:var(--accent);font-weight:600;margin:0 0 .3rem}
.person ul,ul.plain{padding-left:1.1rem}
.person ul{margin:0}
.quiet{color:var(--quiet)}
a{color:inherit;text-decoration-color:var(--accent);text-underline-offset:.15em}
a:focus-visible,[tabindex]:focus-visible{outline:2px solid var(--accent);outline-offset:3px}
.wide{overflow-x:auto;margin:1rem 0 1.8rem}
table{border-collapse:collapse;width:100%;font-size:.95rem;line-height:1.4;
font-variant-numeric:lining-nums tabular-nums}
caption{text-align:left;color:var(--quiet);padding-bottom:.5rem}
th,td{text-align:left;vertical-align:top;padding:.38rem 1.2rem .38rem 0;border-top:1px solid var(--rule);
overflow-wrap:break-word}
.facts td{overflow-wrap:anywhere}
thead th{font-weight:400;color:var(--quiet);border-top:0;vertical-align:bottom;overflow-wrap:normal}
tbody th{font-weight:400;color:var(--quiet)}
.facts th{width:10.5rem}
.list td:first-child{white-space:nowrap}
.list td:last-child,.list th:last-child{padding-right:0}
.tall .wide{max-height:26rem;overflow-y:auto}
.tall thead th{position:sticky;top:0;background:var(--paper)}
.number{text-align:right;white-space:nowrap}
code,pre,.hash{font-family:var(--mono);font-size:.82em;font-variant-numeric:normal}
pre{background:var(--sheet);border:1px solid var(--rule);padding:1rem 1.2rem;overflow-x:auto;line-height:1.5;
white-space:pre-wrap;overflow-wrap:anywhere;margin:.8rem 0 1.4rem}
.hash{overflow-wrap:anywhere}
figure{margin:0 0 2.2rem}.repair{margin-bottom:2.8rem}
figcaption{font-size:.95rem;margin-bottom:.6rem}
.plot{display:block;width:100%;height:auto;margin:.6rem 0}
.band{fill:var(--shade)}.band.left{fill:url(#hatch-left)}.open{fill:url(#hatch-open)}
.hatch{stroke:var(--left);stroke-width:1.4}
#hatch-open .hatch{stroke:var(--rule)}
.rule{stroke:var(--rule);stroke-width:1}
.tick{fill:var(--quiet);font:15px var(--serif);font-variant-numeric:lining-nums tabular-nums}
.end{text-anchor:end}.middle{text-anchor:middle}
.arrow{fill:var(--ink)}.cut{stroke:var(--quiet);stroke-width:1}.fault{stroke:var(--accent);stroke-width:1.8;fill:none}
.legend{list-style:none;padding:0;margin:.4rem 0 1rem;display:flex;flex-wrap:wrap;gap:.25rem 1.6rem;
font-size:.95rem;font-variant-numeric:lining-nums}
.swatch{display:inline-block;width:.85rem;height:.85rem;background:var(--shade);vertical-align:-.08rem;margin-right:.3rem}
.swatch.left{background:repeating-linear-gradient(45deg,var(--left) 0 1.5px,transparent 1.5px 4px);
outline:1px solid var(--left);outline-offset:-1px}
.repair{display:grid;grid-template-columns:9.5rem 1fr;gap:.9rem 1.2rem;align-items:end}
.repair>figcaption{margin:0;max-width:38rem}
.repair>.views{grid-column:1/-1}
.repair img{display:block;width:100%;height:auto}
.views{display:grid;grid-template-columns:1fr 1fr 1fr;gap:.8rem;align-items:start}
.views span{display:block;color:var(--quiet);font-size:.88rem;margin-top:.3rem}
.doubts{display:grid;grid-template-columns:repeat(auto-fill,minmax(12rem,1fr));gap:1rem;margin:1.2rem 0}
.doubts figure{margin:0}.doubts img{display:block;width:100%;height:auto}
.doubts figcaption{font-size:.88rem;margin:.4rem 0 0}.doubts h3{margin:0;font-size:1em}
@media (max-width:44rem){
.views{gap:.4rem}.repair{grid-template-columns:6.5rem 1fr}.plot .tick{font-size:26px}
.facts th{width:7.5rem}}
@media print{:root{--paper:#fff;--sheet:#fff;--ink:#000;--quiet:#444;--rule:#bbb;--accent:#7a2a18;--left:#000}
body{font-size:10pt}main,header,footer{max-width:none;padding:0}header{padding-top:0}
section{margin-top:1.6rem}figure,tr,.person{break-inside:avoid}h2,h3,caption{break-after:avoid}
.wide,.tall .wide{overflow:visible;max-height:none}
.swatch,.repair img{print-color-adjust:exact;-webkit-print-color-adjust:exact}
@page{margin:18mm}}
"""


def sheet() -> str:
    """Return the whole style sheet."""
    return SHEET + palette.css()
