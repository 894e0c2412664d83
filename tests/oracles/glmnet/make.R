# Fixtures of glmnet (Friedman, Hastie & Tibshirani, JSS 2010; cox: Simon et al., JSS 2011), as tight as it gets.
#
#     Rscript tests/oracles/glmnet/make.R tests/oracles/glmnet
#
# writes tables/<table>.csv and fits.csv: one line for each fit, strength and response. Made with R 4.2.2 and
# glmnet 4.1-6. What its numbers mean in our units is in tests/oracles/glmnet_fits.py.
suppressPackageStartupMessages({library(glmnet); library(survival)})
options(digits = 17)
out <- commandArgs(trailingOnly = TRUE)[1]
glmnet.control(fdev = 0, devmax = 1, epsnr = 1e-15, mxitnr = 1000)

set.seed(20240607)
draw <- function(n, p) {  # correlated columns of different units, one of them a count, one rare
  X <- matrix(rnorm(n * p), n, p) + 0.7 * rnorm(n)
  X <- X * rep(rep_len(c(1, 10, 0.1, 2), p), each = n) + rep(rep_len(c(0, 5, -1, 0.5), p), each = n)
  X[, 5] <- rpois(n, 2)
  X[, 6] <- rbinom(n, 1, 0.2)
  colnames(X) <- paste0("x", seq_len(p))
  round(X, 3)
}
save <- function(name, X, ...) write.csv(data.frame(X, ...), file.path(out, "tables", paste0(name, ".csv")),
                                         row.names = FALSE, quote = FALSE)
signal <- function(X) as.vector(scale(X)[, 1:5] %*% c(1, -0.8, 0.5, 0, 0.6))

lines <- list()
note <- function(fit, table, family, options, model, lambda, coefs) {
  text <- function(v) paste(sprintf("%.17g", v), collapse = " ")
  given <- function(name, default) if (is.null(options[[name]])) default else options[[name]]
  p <- length(coefs[[1]]) - 1
  for (k in seq_along(coefs)) lines[[length(lines) + 1]] <<- data.frame(
    fit = fit, table = table, family = family, l1_ratio = given("alpha", 1), lambda = sprintf("%.17g", lambda),
    standardize = given("standardize", TRUE), intercept = given("intercept", TRUE),
    grouped = given("type.multinomial", "ungrouped") == "grouped" || family == "mgaussian",
    weighted = !is.null(options$weights), offset = !is.null(options$offset),
    penalty_factor = text(given("penalty.factor", rep(1, p))), lower = text(given("lower.limits", -Inf)),
    upper = text(given("upper.limits", Inf)), response = k - 1, coef = text(coefs[[k]]))
}
fits <- function(family, table, X, y, variants, lambdas, thresh = 10^-c(22, 19, 16),
                 path = 1.5^(15:0), maxit = 1e5) {  # down a path, so that the last strength starts warm
  for (name in names(variants)) {
    options <- variants[[name]]
    for (lambda in lambdas * if (is.null(options$times)) 1 else options$times) {
      given <- options[names(options) != "times"]
      for (tight in thresh) {  # the tightest that rounding lets it reach
        model <- suppressWarnings(try(do.call(glmnet, c(
          list(X, y, family = family, lambda = lambda * path, thresh = tight, maxit = maxit), given)), silent = TRUE))
        if (!inherits(model, "try-error") && length(model$lambda) == length(path)) break
      }
      if (!inherits(model, "glmnet") || length(model$lambda) != length(path)) stop(paste(family, name, lambda))
      found <- model$beta
      if (!is.list(found)) found <- list(found)
      a0 <- model$a0
      if (is.null(a0)) a0 <- matrix(0, 1, length(path))
      a0 <- matrix(a0, ncol = length(path))
      coefs <- lapply(seq_along(found), function(k) c(a0[k, length(path)], as.vector(found[[k]][, length(path)])))
      note(paste(family, name, sep = ": "), table, family, given, model, lambda, coefs)
    }
  }
}

n <- 60; p <- 8
X <- draw(n, p)
w <- round(runif(n, 0.2, 3), 2)
o <- round(runif(n, -0.5, 0.5), 3)
pf <- c(1, 0, 2, 0.5, 1, 3, 1, 1)
common <- list(
  "lasso" = list(), "elastic net" = list(alpha = 0.5), "ridge" = list(alpha = 0, times = 10),
  "lasso, own scales" = list(standardize = FALSE), "elastic net, own scales" = list(alpha = 0.5, standardize = FALSE),
  "penalty factors" = list(alpha = 0.8, penalty.factor = pf), "ridge, penalty factors" = list(alpha = 0, penalty.factor = pf),
  "box" = list(alpha = 0.9, lower.limits = -0.05, upper.limits = 0.3), "nonnegative" = list(lower.limits = 0),
  "weights" = list(alpha = 0.7, weights = w), "weights, own scales" = list(alpha = 0.7, weights = w, standardize = FALSE))
free <- list("no intercept" = list(alpha = 0.6, intercept = FALSE),
             "no intercept, own scales" = list(alpha = 0.6, intercept = FALSE, standardize = FALSE))
shifted <- list("offset" = list(alpha = 0.7, offset = o), "offset and weights" = list(offset = o, weights = w))

y <- round(4 + 3 * signal(X) + 2 * rnorm(n), 3)
save("gaussian", X, y, weight = w, offset = o)
fits("gaussian", "gaussian", X, y, c(common, free), c(2, 0.3, 0.03))
Z <- draw(24, 40)
v <- round(2 * signal(Z) + rnorm(24), 3)
save("wide", Z, y = v)
fits("gaussian", "wide", Z, v, list("wide lasso" = list(), "wide elastic net" = list(alpha = 0.4)), c(0.5, 0.1))

y <- rbinom(n, 1, plogis(signal(X)))
save("binomial", X, y, weight = w, offset = o)
fits("binomial", "binomial", X, y, c(common, free, shifted), c(0.1, 0.03, 0.005))
b <- as.integer(v > median(v))
save("wide_binomial", Z, y = b)
fits("binomial", "wide_binomial", Z, b, list("wide lasso" = list(), "wide elastic net" = list(alpha = 0.4)), c(0.1, 0.04))

y <- rpois(n, exp(0.5 + 0.6 * signal(X)))
save("poisson", X, y, weight = w, offset = o)
fits("poisson", "poisson", X, y, c(common, free, shifted), c(0.5, 0.1, 0.01))

scores <- cbind(signal(X), -0.7 * signal(X[, c(3, 1, 2, 5, 4)]), 0.3)
y <- apply(exp(scores) / rowSums(exp(scores)), 1, function(q) sample(3, 1, prob = q)) - 1
save("multinomial", X, y, weight = w)
grouped <- lapply(common[!names(common) %in% c("box", "nonnegative")], function(o) c(o, type.multinomial = "grouped"))
names(grouped) <- paste("grouped", names(grouped))
fits("multinomial", "multinomial", X, y, c(common, grouped), c(0.1, 0.03, 0.005))

Y <- round(cbind(3 * signal(X), signal(X[, c(2, 3, 1, 4, 5)]), 0) + 1 + matrix(rnorm(3 * n), n), 3)
colnames(Y) <- c("y1", "y2", "y3")
save("mgaussian", X, Y, weight = w)
fits("mgaussian", "mgaussian", X, Y, common[!names(common) %in% c("box", "nonnegative")], c(1, 0.2, 0.02))

time <- ceiling(10 * rexp(n, 0.3 * exp(0.7 * signal(X)))) / 10 + 0.1  # many ties
status <- rbinom(n, 1, 0.7)
stratum <- sample(3, n, replace = TRUE)
save("cox", X, time = time, status = status, stratum = stratum, weight = w)
fits("cox", "cox", X, Surv(time, status), common, c(0.1, 0.03, 0.01))
in_strata <- common[c("lasso", "elastic net", "penalty factors", "weights")]
names(in_strata) <- paste("strata,", names(in_strata))
glmnet.control(epsnr = 1e-14, mxitnr = 2000)  # fitted in R: slow, and it stalls at the last bits
fits("cox", "cox", X, stratifySurv(Surv(time, status), stratum), in_strata, c(0.1, 0.03, 0.01),
     thresh = 10^-c(17, 16, 15, 14), path = c(2, 1), maxit = 1e7)

write.csv(do.call(rbind, lines), file.path(out, "fits.csv"), row.names = FALSE, quote = 1)
