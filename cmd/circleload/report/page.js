(() => {
  'use strict'
  const plots = JSON.parse(document.getElementById('series').textContent)
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()
  const colours = ['--first', '--second']
  const drawn = []

  const figure = new Intl.NumberFormat('en', { maximumSignificantDigits: 4 })
  const tick = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 })
  const axis = (values) => ({
    stroke: () => css('--quiet'),
    grid: { stroke: () => css('--line'), width: 1 },
    ticks: { stroke: () => css('--line'), width: 1 },
    font: '12px system-ui, sans-serif',
    values,
  })

  for (const plot of plots) {
    const box = document.querySelector(`[data-plot="${plot.id}"]`)
    const place = box.lastElementChild
    box.classList.add('drawn')
    const options = {
      width: Math.max(place.clientWidth, 200),
      height: 200,
      scales: { x: { time: false }, y: { range: (_, low, high) => [0, Math.max(high, plot.least) * 1.05 || 1] } },
      axes: [axis((_, ticks) => ticks.map((t) => `${t} s`)), { ...axis((_, ticks) => ticks.map((t) => tick.format(t))), size: 52 }],
      series: [
        { label: 'second', value: (_, v) => (v == null ? '' : `${v}`) },
        ...plot.lines.map((line, i) => ({
          label: line.label,
          stroke: () => css(colours[i]),
          width: 2,
          dash: i ? [6, 3] : undefined,
          value: (_, v) => (v == null ? '' : `${figure.format(v)} ${line.unit}`),
        })),
      ],
    }
    const chart = new uPlot(options, [plot.at, ...plot.lines.map((line) => line.values)], place)
    new ResizeObserver(() => {
      const width = Math.max(place.clientWidth, 200)
      if (width !== chart.width) chart.setSize({ width, height: 200 })
    }).observe(box)
    drawn.push(chart)
  }
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    for (const chart of drawn) {
      chart.redraw(false, true)
      chart.root.querySelectorAll('.u-series .u-marker').forEach((marker, i) => {
        if (i > 0) marker.style.borderColor = css(colours[i - 1])
      })
    }
  })
})()
