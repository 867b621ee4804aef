/// The style sheet of the HTML report: system type, light and dark, paper and telephone.
enum ReportStyle {
  /// Colours of series, told apart with any colour vision; the first, of the arm without defence,
  /// is neutral. Source: Okabe & Ito 2008, lightened on dark grounds.
  private static let series = [
    (light: "#4a4f57", dark: "#c3c8d0"), (light: "#0072b2", dark: "#56b4e9"),
    (light: "#d55e00", dark: "#ff8f45"), (light: "#00845f", dark: "#3ccb9d"),
    (light: "#a8488a", dark: "#e6a3c8"), (light: "#9a6a00", dark: "#f0b93a"),
    (light: "#3f48b5", dark: "#9ea6ff"), (light: "#7a4a2b", dark: "#d3a07c"),
  ]
  static var seriesCount: Int { series.count }

  static var text: String {
    let light = series.indices.map { "--s\($0):\(series[$0].light)" }.joined(separator: ";")
    let dark = series.indices.map { "--s\($0):\(series[$0].dark)" }.joined(separator: ";")
    let classes = series.indices.map { ".s\($0){--c:var(--s\($0))}" }.joined()
    return """
      :root{color-scheme:light dark;\(light);--bg:#fff;--fg:#1b1e23;--soft:#5a616b;--line:#d9dde3;
      --panel:#f5f6f8;--good:#00704f;--bad:#b3261e;--warn:#8a5a00}
      @media (prefers-color-scheme:dark){:root{\(dark);--bg:#14171b;--fg:#e6e8eb;--soft:#a2a9b3;
      --line:#333941;--panel:#1c2026;--good:#4cc79b;--bad:#ff8a80;--warn:#f0b93a}}
      \(classes)
      \(sheet)
      """
  }

  private static let sheet = """
    *{box-sizing:border-box}
    body{margin:0;background:var(--bg);color:var(--fg);line-height:1.5;
    font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;
    font-variant-numeric:tabular-nums lining-nums;-webkit-text-size-adjust:100%}
    main{max-width:1080px;margin:0 auto;padding:32px 20px 64px}
    h1{font-size:1.7rem;line-height:1.2;margin:0 0 .4em;font-weight:650;letter-spacing:-.01em}
    h2{font-size:1.2rem;margin:2.6em 0 .3em;font-weight:650}
    h3{font-size:1rem;margin:1.8em 0 .3em;font-weight:650}
    p{margin:.4em 0 .9em;max-width:72ch}
    .lead{font-size:1.06rem}.note,figcaption{color:var(--soft);font-size:.875rem}
    .callout{border-left:3px solid var(--warn);background:var(--panel);padding:10px 14px;
    max-width:76ch}
    .facts{display:flex;flex-wrap:wrap;gap:6px 28px;margin:1.2em 0;padding:0;list-style:none}
    .facts b{display:block;font-size:1.25rem;font-weight:650;line-height:1.2}
    .facts span{color:var(--soft);font-size:.8125rem}
    .scroll{overflow-x:auto;margin:.8em 0 1.2em;-webkit-overflow-scrolling:touch}
    table{border-collapse:collapse;font-size:.875rem;min-width:min(100%,32rem)}
    th,td{padding:5px 18px 5px 0;text-align:left;vertical-align:top;
    border-bottom:1px solid var(--line)}
    thead th{vertical-align:bottom;font-weight:600;color:var(--soft);font-size:.8125rem;
    border-bottom:1.5px solid var(--soft);line-height:1.3}
    thead th:not(.num):not(:empty){min-width:5.5em}
    td.num,th.num{text-align:right;white-space:nowrap}
    th:first-child,td:first-child{padding-left:2px}
    td.words{min-width:14em}td.short{white-space:nowrap}
    code{font:.8125rem/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
    td code{overflow-wrap:anywhere}td.code{min-width:11em}td.sum{min-width:20em}
    .accuracy tbody th{font-weight:600;white-space:nowrap;position:sticky;left:0;
    background:var(--bg);padding-right:16px;z-index:1}
    .accuracy thead th:first-child{position:sticky;left:0;background:var(--bg);z-index:1}
    .accuracy td{min-width:104px;padding:8px 16px 8px 0}
    .accuracy thead th small{display:block;font-weight:400}
    .accuracy b{font-size:1.125rem;font-weight:650;line-height:1.25}
    .accuracy small{display:block;color:var(--soft);font-size:.75rem;line-height:1.4;
    white-space:nowrap}
    .accuracy .worst{background:var(--panel);padding-left:12px}
    .strip{display:block;width:100%;height:8px;margin:3px 0 2px;overflow:visible}
    .strip .rail{stroke:var(--line);stroke-width:1}.strip .reach{stroke:var(--c);stroke-width:4}
    .strip .base{stroke:var(--soft);stroke-width:1.5}
    .strip line{vector-effect:non-scaling-stroke}
    .chart{display:block;width:100%;min-width:560px;max-width:860px;height:auto}
    figure{margin:1.2em 0 2em}
    .chart text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;
    font-variant-numeric:tabular-nums;fill:var(--soft)}
    .chart .label{font-size:12.5px}.chart .name{font-size:13px;font-weight:600;fill:var(--c)}
    .chart .plain{font-weight:400;fill:var(--fg)}
    .grid{stroke:var(--line);stroke-width:1}.axis{stroke:var(--soft);stroke-width:1}
    .curve{fill:none;stroke:var(--c);stroke-width:2;stroke-linejoin:round}
    .whisker{stroke:var(--c);stroke-width:1.2;opacity:.75}.leader{stroke:var(--c);opacity:.4}
    .mark{fill:var(--c);stroke:var(--bg);stroke-width:1.5}
    .clean{--c:var(--s0)}.attacked{--c:var(--s2)}.purified{--c:var(--s1)}
    .outer{fill:var(--c);opacity:.35}.inner{fill:var(--c)}
    .median{stroke:var(--bg);stroke-width:2.5}
    .key{display:inline-flex;align-items:center;gap:6px;margin-right:18px}
    .key i{width:12px;height:12px;border-radius:2px;background:var(--c)}
    .checks{list-style:none;padding:0;margin:1em 0}
    .checks li{display:grid;grid-template-columns:8.5em 1fr;gap:2px 14px;padding:9px 0;
    border-bottom:1px solid var(--line)}
    .checks p{margin:0;grid-column:2;font-size:.9375rem}.checks b{font-weight:600}
    .state{font-weight:600;font-size:.875rem;white-space:nowrap}
    .good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}
    .unknown{color:var(--soft)}
    .gallery{display:grid;gap:18px}
    .gallery .row{display:grid;grid-template-columns:repeat(auto-fill,112px);gap:12px;
    border-bottom:1px solid var(--line);padding-bottom:14px}
    .gallery .row>p{grid-column:1/-1;margin:0;font-size:.875rem;color:var(--soft)}
    .gallery figure{margin:0}.gallery img{display:block;width:100%;outline:1px solid var(--line);
    image-rendering:pixelated;background:var(--panel)}
    .gallery figcaption{font-size:.8125rem;line-height:1.35;margin-top:4px}
    dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 18px;margin:1em 0}
    dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
    @media (max-width:560px){main{padding:20px 14px 48px}h1{font-size:1.4rem}
    .checks li{grid-template-columns:1fr}.checks p{grid-column:1}.accuracy td{min-width:96px}
    .gallery .row{grid-template-columns:repeat(auto-fill,minmax(78px,1fr))}}
    @media print{html{font-size:12px}body{font-size:1rem}main{max-width:none;padding:0}
    .scroll{overflow:visible}table,thead th{font-size:7.5pt}th,td{padding:3px 6px 3px 0}
    .accuracy td{min-width:0;padding-right:8px}.accuracy b{font-size:9.5pt}
    .accuracy small{font-size:6.5pt}
    td.words,td.code{min-width:0}td.sum{min-width:15em}
    code{font-size:6.5pt}td.sum code{word-break:break-all}
    tr,figure,.checks li,.gallery .row{break-inside:avoid}h2,h3{break-after:avoid}
    .chart{min-width:0;max-width:150mm}.gallery img{max-width:22mm}}
    """
}
