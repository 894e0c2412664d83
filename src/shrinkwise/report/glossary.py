"""The words of the page, for a learner."""

GLOSSARY = (
    (
        "λ (alpha)",
        """How strongly coefficients are pulled towards zero: the fit minimizes loss + λ · (l1_ratio · Σ|w| +
        (1 − l1_ratio)/2 · Σw²). At a large λ all are zero; at λ = 0 there is no penalty. Code calls it alpha.""",
    ),
    (
        "l1_ratio",
        """The mix of the two penalties: 1 is the lasso (L1), which sets coefficients to exactly zero; 0 is ridge (L2),
        which shrinks all and shares weight among correlated features; between them lies the elastic net.
        Where coefficients have the unit of the target, the L2 part counts in sds of it, so that the best mix does not
        depend on that unit. Beware: what the R package glmnet calls alpha is our l1_ratio, and its lambda is our
        alpha.""",
    ),
    (
        "training and held-out error",
        """Error on the rows that a model was fitted to, and on rows it has not seen. The rows are split into folds;
        each fold is predicted by a model fitted to the others, preprocessing included. Only the held-out error says
        how well a model will do. Where the two part, the model fits noise: it overfits.""",
    ),
    (
        "± SE",
        """The standard error of the held-out error over the folds: about how far it would move with other rows.""",
    ),
    (
        "1se rule",
        """Take the simplest model whose held-out error is within one standard error of the lowest: about as good, with
        fewer features, and less likely to be luck. The rule min takes the lowest itself.""",
    ),
    (
        "corrected for the search",
        """The lowest of many errors is low by luck, too. To correct for it each fold scores the model that the other
        folds choose. Tibshirani & Tibshirani (2009) compare the choice with each fold's own favourite instead; for
        squared errors and log losses that says rather too much.""",
    ),
    (
        "standardization",
        """Before the penalty acts, each feature is divided by its standard deviation (SD), so that units do not matter.
        Coefficients come back in the units of the data; those per SD can be compared with each other.""",
    ),
    (
        "duality gap",
        """A proven bound on how far a fit is from the best one possible, as a share of the loss without features. At a
        gap of 1e-6 no solver could lower the penalized loss by more than a millionth of that.""",
    ),
)

SHARED = ("training and held-out error", "± SE", "1se rule", "corrected for the search")

NETWORK_GLOSSARY = (
    (
        "l1 and l2",
        """How strongly weights are pulled towards zero, in the textbook's and Keras' units: training minimizes
        loss + l1 · Σ|w| + l2 · Σw² over the penalized weights. l1 sets weights to exactly zero, l2 shrinks all.""",
    ),
    (
        "input",
        """A column as the network sees it, scaled to standard deviation 1. It is dropped where all weights that leave
        it are exactly zero; else their norm, the root of the sum of their squares, says how much of it goes in.""",
    ),
    (
        "loss and objective",
        """The loss is the error alone; the objective is what training lowers, the loss and the penalty together. The
        penalty grows with l1, so objectives of different strengths cannot be compared: networks are chosen by the
        loss on held-out rows.""",
    ),
    *((term, words.replace("features", "inputs")) for term, words in GLOSSARY if term in SHARED),
    (
        "seed",
        """Training starts from random weights and takes rows in a random order; the seed says which. From another seed
        the same data give another network.""",
    ),
    (
        "exact zeros",
        """After each step of the optimizer every weight is moved to the minimum of penalty and squared distance (the
        proximal step), with the step size that the optimizer has for it; that puts small weights at zero itself.""",
    ),
)

CRITERIA = (
    "information criteria",
    """The rules aic, aicc, bic and ebic need no folds: they take the fit on all rows whose error and number of
    coefficients, weighed against each other, are lowest. bic and ebic weigh coefficients more and find fewer.""",
)  # shown where the rule is one

DECISION = (  # shown where the record of that name was made
    (
        "stability_selection",
        "stability selection",
        """The path is fitted to many random halves of the rows. A feature that most halves choose owes that to the data
        and not to the luck of the draw; the threshold bounds how many others slip through (Meinshausen & Bühlmann
        2010; Shah & Samworth 2013).""",
    ),
    (
        "removal_cost",
        "removal cost",
        """How much the held-out error rises where a feature is banned and all others are fitted again. It is small
        where another feature knows the same, however large the coefficient.""",
    ),
    (
        "removal_cost",
        "pull, or KKT slack",
        """A coefficient leaves zero once the loss pulls on it with the strength that λ asks for. The share it reaches
        says how near a feature is to coming in; what is missing to 100 % is its slack.""",
    ),
    (
        "intervals",
        "debiased interval",
        """A penalty pulls coefficients towards zero; a correction undoes that for one coefficient at a time, and only
        then can an interval be given. It holds under the assumptions beside the figure, and not for features picked
        because they looked large.""",
    ),
    (
        "quality",
        "calibration",
        """Whether predictions are right on average: of the rows for which 30 % is predicted, 30 % should have it. A
        slope above 1 says that predictions lie too close together, as after a strong penalty.""",
    ),
)

PENALTIES = (  # shown where they were used
    (
        "adaptive lasso",
        """A first fit says which coefficients are large, and the L1 penalty of a feature is divided by a power of its
        own: what is large is shrunk less. Each fold has a first fit of its own (Zou 2006).""",
    ),
    (
        "relaxed lasso",
        """A fit is mixed with the fit without a penalty on the features that it keeps; relax is the share of the
        penalized one, and is chosen as λ is: 1 is the lasso itself (Meinshausen 2007).""",
    ),
    (
        "MCP",
        """A penalty that starts as L1 and levels off, so that large coefficients are not shrunk (Zhang 2010). There can
        be several local optima; the one that is found is reached from stronger penalties.""",
    ),
    (
        "SCAD",
        """A penalty that starts as L1 and levels off, so that large coefficients are not shrunk (Fan & Li 2001). There
        can be several local optima; the one that is found is reached from stronger penalties.""",
    ),
    (
        "sparse group lasso",
        """A group of features is in the model or not as a whole, and single features within it can be left out, too;
        sparse_ratio is the share of that L1 part (Simon, Friedman, Hastie & Tibshirani 2013).""",
    ),
)

METRICS = (  # shown where the error is one of them
    (
        "partial-likelihood deviance",
        """For each event, how unlikely the model held it that of all rows still followed this one had it: twice minus
        the log of that probability. Of held-out rows it is what they add to that of the training rows.""",
    ),
    (
        "concordance",
        """Harrell's index: of all pairs of rows in which one is known to have had its event first, the share in which
        that one has the higher risk. 0.5 is chance, 1 the right order; an error is minus that.""",
    ),
    (
        "deviance",
        """Twice the log-likelihood that the predictions lack, on average over the rows: 0 if each were the target
        itself.""",
    ),
    (
        "pinball loss",
        """What a quantile q is judged by: an observation above the prediction costs q times the distance, one below it
        1 − q times. The true quantile has the lowest cost on average.""",
    ),
    (
        "Huber loss",
        """Half the squared error up to a distance δ (delta), beyond it a straight line: an outlier counts by its
        distance, not by the square of it.""",
    ),
)
