// When to draw: once a frame while somebody looks. A hidden page gets no
// frames, so its news is merged now and then.

export type Schedule = (run: () => void) => void

const hiddenMs = 250

export const nextFrame: Schedule = (run) => {
  if (document.hidden) setTimeout(run, hiddenMs)
  else requestAnimationFrame(run)
}
