# cv.glmnet on the files that peers.py wrote. Rscript cv_glmnet.R DIR fit | cells
#   fit    runs cv.glmnet for every l1_ratio; its own time, nothing else, goes to DIR/seconds
#   cells  writes the coefficients of the fits listed in DIR/cells (ratio, alpha and fold, from 1; fold 0 is all data):
#          for all data those that the timed run returned, for a fold by the call that cv.glmnet makes inside
suppressMessages(library(glmnet))
arguments <- commandArgs(TRUE)
path <- function(name) file.path(arguments[1], name)
source(path("meta.R"))  # n, p, stored (-1: dense), n_folds, n_lambda, family, mixes
doubles <- function(name, count) readBin(path(name), "double", count)
integers <- function(name, count) readBin(path(name), "integer", count)

if (stored < 0) {
  X <- matrix(doubles("X", n * p), n, p)
} else {
  X <- Matrix::sparseMatrix(i = integers("indices", stored), p = integers("indptr", p + 1),
                            x = doubles("data", stored), dims = c(n, p), index1 = FALSE)
}
y <- doubles("y", n)
foldid <- integers("foldid", n)
lambda <- matrix(doubles("lambda", length(mixes) * n_lambda), length(mixes), n_lambda, byrow = TRUE)
measure <- if (family == "gaussian") "mse" else "deviance"

if (arguments[2] == "fit") {
  warm <- matrix(rnorm(500), 100, 5)  # the byte code of cv.glmnet is ready before the clock starts
  invisible(cv.glmnet(warm, as.double(rnorm(100) > 0), family = family, nfolds = 3))
  invisible(gc())
  begin <- proc.time()[["elapsed"]]
  fits <- lapply(seq_along(mixes), function(r) {
    if (n_folds == 0) return(glmnet(X, y, family = family, lambda = lambda[r, ], alpha = mixes[r], standardize = FALSE))
    cv.glmnet(X, y, family = family, foldid = foldid, lambda = lambda[r, ], alpha = mixes[r],
              standardize = FALSE, type.measure = measure)
  })
  seconds <- proc.time()[["elapsed"]] - begin
  writeBin(seconds, path("seconds"))
  if (n_folds > 0) {
    curves <- sapply(fits, function(fit) c(fit$cvm, rep(NaN, n_lambda - length(fit$cvm))))
    writeBin(as.double(curves), path("curves"))
    fits <- lapply(fits, function(fit) fit$glmnet.fit)
  }
  saveRDS(fits, path("fits.rds"))
} else {
  whole <- readRDS(path("fits.rds"))
  n_cells <- file.size(path("cells")) / 12  # three integers of four bytes
  cells <- matrix(integers("cells", 3 * n_cells), n_cells, 3, byrow = TRUE)
  known <- list()
  out <- file(path("coefs"), "wb")
  for (i in seq_len(n_cells)) {
    r <- cells[i, 1]; a <- cells[i, 2]; fold <- cells[i, 3]
    if (fold == 0) {
      fit <- whole[[r]]
    } else {
      key <- paste(r, fold)
      if (is.null(known[[key]])) {
        used <- foldid != fold
        known[[key]] <- glmnet(X[used, , drop = FALSE], y[used], family = family, lambda = lambda[r, ],
                               alpha = mixes[r], standardize = FALSE)
      }
      fit <- known[[key]]
    }
    missing <- a > ncol(fit$beta)
    writeBin(if (missing) rep(NaN, p + 1) else c(as.double(fit$a0[a]), as.double(fit$beta[, a])), out)
  }
  close(out)
}
