import Glibc

/// `erf⁻¹(u)` to full double precision; ±∞ at ±1, NaN outside [−1, 1].
///
/// Winitzki's closed form (relative error 2·10⁻³), then three Halley steps. Near ±1 the residual is
/// taken from `erfc`, where `erf` would have lost it.
package func inverseErrorFunction(_ u: Double) -> Double {
  guard u.magnitude < 1 else {
    return u.magnitude == 1 ? u * .infinity : .nan
  }
  guard u != 0 else { return u }
  let tail = 1 - u.magnitude
  let a = 0.147
  let l = log1p(-u * u)
  let half = 2 / (Double.pi * a) + l / 2
  var x = ((half * half - l / a).squareRoot() - half).squareRoot()
  for _ in 0..<3 {
    let residual = u.magnitude < 0.5 ? erf(x) - u.magnitude : tail - erfc(x)
    let step = residual / (2 / Double.pi.squareRoot() * exp(-x * x))
    x -= step / (1 + x * step)
  }
  return u < 0 ? -x : x
}
