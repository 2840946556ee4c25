#pragma once
// The style of the report's page.

namespace freefall::report {

inline constexpr const char* kPageStyle = R"(
:root{color-scheme:light dark;
--paper:#f6f7f9;--card:#fff;--ink:#17212b;--soft:#5b6875;--rule:#dde3e9;--accent:#14647f;--wash:#e6f1f5;--hit:#fff0bf;--good:#1d7a4d;--warn:#9a5b00;--bad:#b3261e;
--s0:#14647f;--s1:#c2571a;--s2:#3f7d3a;--s3:#8a4fa3;--s4:#7a6a12}
@media(prefers-color-scheme:dark){:root{
--paper:#0f151b;--card:#161d25;--ink:#e6edf3;--soft:#9aa7b4;--rule:#2a3540;--accent:#6cc4df;--wash:#17313b;--hit:#4a3d10;--good:#62c795;--warn:#e0a95a;--bad:#ff8a80;
--s0:#6cc4df;--s1:#f0975f;--s2:#86c97f;--s3:#c79be0;--s4:#d3c36a}}
*{box-sizing:border-box}
html{scroll-behavior:smooth;scroll-padding-top:3.6rem;-webkit-text-size-adjust:100%}
@media(prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
header,main{max-width:70rem;margin:auto;padding:0 1.25rem}
header{padding-top:2.5rem;padding-bottom:.75rem}
h1{font-size:2rem;line-height:1.2;margin:0;letter-spacing:-.02em;overflow-wrap:anywhere}
h2{font-size:1.3rem;margin:0 0 .75rem;letter-spacing:-.01em}
h3{font-size:1rem;margin:1.25rem 0 .4rem}
p{margin:.4rem 0}
a{color:var(--accent);text-decoration:none}
a:hover{text-decoration:underline}
.soft{color:var(--soft)}
.small{font-size:.85rem}
nav{position:sticky;top:0;z-index:2;background:color-mix(in srgb,var(--paper) 90%,transparent);backdrop-filter:blur(6px);border-bottom:1px solid var(--rule)}
nav div{max-width:70rem;margin:auto;padding:.6rem 1.25rem;display:flex;gap:1.1rem;overflow-x:auto;white-space:nowrap;font-size:.9rem;scrollbar-width:none}
section{background:var(--card);border:1px solid var(--rule);border-radius:14px;padding:1.4rem 1.5rem;margin:1.25rem 0}
.facts{display:flex;flex-wrap:wrap;gap:.4rem .5rem;margin:.8rem 0 0;padding:0;list-style:none}
.facts li,.badge{background:var(--wash);border-radius:999px;padding:.1rem .65rem;font-size:.83rem}
.facts b{font-weight:600}
.badge{display:inline-block;white-space:nowrap}
.badge.good{color:var(--good);background:color-mix(in srgb,var(--good) 13%,transparent)}
.badge.warn{color:var(--warn);background:color-mix(in srgb,var(--warn) 15%,transparent)}
.badge.bad{color:var(--bad);background:color-mix(in srgb,var(--bad) 13%,transparent)}
.scroll{overflow-x:auto;overflow-y:hidden;-webkit-overflow-scrolling:touch}
math{font-size:1.08em}
.eq{padding:.3rem 0}
.eq math{width:max-content;text-align:left;margin:0}
.cal{font-style:italic}
.split{display:grid;grid-template-columns:minmax(0,24rem) minmax(0,1fr);gap:1.5rem;align-items:start}
svg.graph{max-width:100%;height:auto;display:block}
.wide svg.graph{min-width:var(--least)}
table{border-collapse:collapse;width:100%;font-size:.92rem}
th{font-weight:600;text-align:left;color:var(--soft);font-size:.8rem}
th,td{padding:.4rem .9rem .4rem 0;border-bottom:1px solid var(--rule);vertical-align:top}
tr:last-child td{border-bottom:0}
.num{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.legend{display:grid;grid-template-columns:repeat(auto-fill,minmax(9rem,1fr));gap:.1rem .9rem;margin:0;padding:0;list-style:none;font-size:.92rem}
.rule{border-top:1px solid var(--rule);padding:.9rem 0 .6rem}
.rule:first-of-type{border-top:0;padding-top:.2rem}
.rule header{all:unset;display:flex;flex-wrap:wrap;gap:.25rem .6rem;align-items:baseline}
.rule h3{margin:0}
details summary{cursor:pointer;color:var(--soft);font-size:.88rem;padding:.15rem 0}
details[open]>summary{margin-bottom:.3rem}
.kernel{border-top:1px solid var(--rule);padding:.7rem 0}
.kernel:first-of-type{border-top:0}
.kernel>summary{color:var(--ink);font-size:1rem}
.kernel>summary b{font-size:1.05rem}
.pair{display:grid;grid-template-columns:minmax(0,5fr) minmax(0,7fr);gap:1.2rem;margin-top:.6rem}
.steps{margin:0;max-height:34rem;overflow:auto;border:1px solid var(--rule);border-radius:10px;padding:.4rem .2rem}
.step{display:flex;gap:.5rem;padding:.12rem .6rem;border-radius:6px;min-width:max-content}
.step .no{color:var(--soft);font-size:.75rem;min-width:1.6rem;text-align:right;padding-top:.25rem;font-variant-numeric:tabular-nums}
.step.loop{color:var(--accent);font-size:.85rem;font-weight:600;padding-top:.35rem}
.step math{font-size:1em;margin:0;text-align:left}
pre{margin:0;max-height:34rem;overflow:auto;border:1px solid var(--rule);border-radius:10px;padding:.6rem 0;font:12.5px/1.5 ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;tab-size:2}
pre span{display:block;padding:0 .8rem;min-width:max-content;min-height:1.5em}
pre .c{color:var(--soft)}
pre .k{color:var(--accent)}
[data-e]:target{outline:2px solid var(--accent);outline-offset:-2px}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(22rem,100%),1fr));gap:1.2rem}
figure{margin:0}
figcaption{font-size:.85rem;color:var(--soft);text-align:center;overflow-wrap:anywhere}
.chart{width:100%;max-width:34rem;height:auto;display:block}
.chart .grid{stroke:var(--rule);stroke-width:1}
.chart .tick{font:11px system-ui,sans-serif;fill:var(--soft)}
.chart .line{fill:none;stroke-width:2;stroke-linejoin:round}
.s0{stroke:var(--s0)}.s1{stroke:var(--s1)}.s2{stroke:var(--s2)}.s3{stroke:var(--s3)}.s4{stroke:var(--s4)}
.dot{fill:currentColor;color:var(--s0)}
.key{display:flex;flex-wrap:wrap;gap:.1rem .9rem;justify-content:center;font-size:.83rem;color:var(--soft)}
.key svg{width:1.3rem;height:.5rem;vertical-align:middle;margin-right:.35rem}
.pictures{display:grid;grid-template-columns:repeat(auto-fill,minmax(4.6rem,1fr));gap:.8rem;margin-top:.6rem}
.picture{width:100%;height:auto;border:1px solid var(--rule);border-radius:6px;display:block;fill:var(--ink)}
.raster{width:100%;height:11rem;border:1px solid var(--rule);border-radius:6px;display:block}
.raster path{stroke:var(--ink);stroke-width:1;vector-effect:non-scaling-stroke;fill:none}
footer{max-width:70rem;margin:auto;padding:.5rem 1.25rem 2.5rem;color:var(--soft);font-size:.85rem}
@media(max-width:52rem){
 header{padding-top:1.5rem}h1{font-size:1.6rem}
 section{padding:1.1rem 1rem;border-radius:10px;margin:.9rem 0}
 header,main,nav div,footer{padding-left:.8rem;padding-right:.8rem}
 .split,.pair{grid-template-columns:minmax(0,1fr)}
 .steps,pre{max-height:24rem}
 pre{font-size:11.5px}
 .chart .tick{font-size:15px}
}
@media print{nav{display:none}section{break-inside:avoid;border:0;padding:0}.steps,pre{max-height:none}}
)";

}  // namespace freefall::report
